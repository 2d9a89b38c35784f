using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders what a predictor has for strings: the table of those that the model holds, and for each output of strings an array that is
/// filled when somebody asks for it.
/// </summary>
internal static class StringEmitter
{
    /// <summary>The file of the table's class, beside the kernels.</summary>
    public const string TableClass = "StringTable";

    /// <summary>The table, as code of the class mentions it.</summary>
    public const string Table = "_strings";

    /// <summary>The file of the class with a prediction's own strings.</summary>
    private const string PoolClass = "StringPool";

    private const string Texts = "_texts";
    private const string Kernels = "global::OptimizerBuild.Kernels.";
    private const int LongestLine = 120;

    /// <summary>Renders the table.</summary>
    public static void EmitTable(CodeWriter code, ModelPlan plan)
    {
        if (plan.Strings.Count == 0)
            return;
        string type = Kernels + TableClass;
        code.Line("private static readonly " + type + " " + Table + " = new " + type + "(");
        var lines = new List<string>();
        string line = "";
        for (int i = 0; i < plan.Strings.Count; i++)
        {
            string text = PlanText.Quote(plan.Strings[i]) + (i + 1 < plan.Strings.Count ? "," : ");");
            if (line.Length > 0 && line.Length + 1 + text.Length > LongestLine)
            {
                lines.Add(line);
                line = "";
            }
            line += (line.Length > 0 ? " " : "") + text;
        }
        lines.Add(line);
        code.Indented(lines);
    }

    /// <summary>The expression for what knows the strings of codes.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="workspace">The expression for the workspace.</param>
    public static string TextsOf(ModelPlan plan, string workspace) =>
        plan.KeepsStrings ? Kernels + PoolClass + ".Of(" + workspace + ")" : Table;

    /// <summary>The files beside the kernels that the class of a plan mentions.</summary>
    public static IEnumerable<string> Files(ModelPlan plan) =>
        plan.Strings.Count == 0 ? [] : plan.KeepsStrings ? [TableClass, PoolClass] : [TableClass];

    /// <summary>Renders what a workspace gets when it has been made.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="workspace">The expression for the workspace.</param>
    public static void EmitPool(CodeWriter code, ModelPlan plan, string workspace)
    {
        if (plan.KeepsStrings)
            code.Line(workspace + ".Texts = new " + Kernels + PoolClass + "(" + Table + ");");
    }

    /// <summary>Renders what a prediction begins with.</summary>
    public static void EmitBeginning(CodeWriter code, ModelPlan plan)
    {
        if (plan.KeepsStrings)
            code.Line(TextsOf(plan, "this._workspace") + ".Clear();");
    }

    /// <summary>Renders the arrays of the outputs.</summary>
    public static void EmitTexts(CodeWriter code, ModelPlan plan)
    {
        string[] lengths =
            [.. plan.Entries.SelectMany(e => e.Outputs).Where(o => o.Type == BoundaryType.String).Select(o => Wording.Integer(o.Length))];
        if (lengths.Length > 0)
            code.Line("private readonly string[][] " + Texts + " = new string[][] { "
                + string.Join(", ", lengths.Select(l => "new string[" + l + "]")) + " };");
    }

    /// <summary>The expression for an output of strings.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="output">The output as the entry has it.</param>
    /// <param name="place">The entry's place in the plan.</param>
    public static string View(ModelPlan plan, PlanOutput output, int place)
    {
        int index = place * plan.Outputs.Count(o => o.Type == BoundaryType.String);
        foreach (PlanOutput other in plan.Outputs)
        {
            if (other.PropertyName == output.PropertyName)
                break;
            index += other.Type == BoundaryType.String ? 1 : 0;
        }
        return TextsOf(plan, "this._workspace") + ".Read(this._workspace, " + Wording.Integer(output.Offset) + ", this." + Texts + "["
            + Wording.Integer(index) + "])";
    }
}
