using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>How the entries of a plan appear in generated code.</summary>
internal static class Entries
{
    /// <summary>The nested class with an entry's steps.</summary>
    /// <param name="place">The entry's place in the plan, from 0.</param>
    public static string Layers(int place) => PredictorNames.OfEntry("Layers", place);

    /// <summary>The method that runs an entry.</summary>
    /// <param name="place">The entry's place in the plan, from 0.</param>
    public static string Compute(int place) => PredictorNames.OfEntry("Compute", place);

    /// <summary>The shapes of an entry's inputs for documentation, as XML: <c>image 1×3×240×320</c>.</summary>
    public static string Describe(PlanEntry entry) =>
        string.Join(", ", entry.Inputs.Select(i => Wording.Xml(i.OnnxName) + " " + Wording.Shape(i.Dimensions)));

    /// <summary>The places of the entries that share a method, in the order of the plan; the methods in the order of their first.</summary>
    public static IEnumerable<(string Name, int[] Places)> Methods(ModelPlan plan) => plan.Entries
        .Select((entry, place) => (entry.Name, place))
        .GroupBy(e => e.Name, StringComparer.Ordinal)
        .Select(g => (g.Key, g.Select(e => e.place).ToArray()));

    /// <summary>
    /// What an expression depends on the entry of the last prediction for: the expression itself where it is the same for all entries.
    /// </summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="declaration">What stands before the expression, a property for example.</param>
    /// <param name="expression">The expression for an entry and its place in the plan.</param>
    public static void EmitChoice(CodeWriter code, ModelPlan plan, string declaration, Func<PlanEntry, int, string> expression)
    {
        string[] expressions = [.. plan.Entries.Select(expression)];
        if (expressions.Distinct(StringComparer.Ordinal).Count() == 1)
        {
            code.Line(declaration + " => " + expressions[0] + ";");
            return;
        }
        code.Open(declaration + " => this." + PredictorNames.EntryField + " switch");
        for (int place = expressions.Length - 1; place >= 0; place--)
            code.Line((place == 0 ? "_" : Wording.Integer(place)) + " => " + expressions[place] + ",");
        code.Close(";");
    }

    /// <summary>Renders the method that chooses among the entries without a name, where there are several.</summary>
    public static void EmitChooseEntry(CodeWriter code, ModelPlan plan)
    {
        int[] places = [.. Methods(plan).Where(m => m.Name.Length == 0).SelectMany(m => m.Places)];
        if (places.Length < 2)
            return;
        IReadOnlyList<PlanEntry> entries = plan.Entries;
        string[] parameters = [.. plan.Inputs.Select(i => Identifiers.Escape(i.ParameterName))];
        code.Line();
        code.Open("private static int " + PredictorNames.ChooseMethod + "(" + string.Join(", ", parameters.Select(p => "int " + p)) + ")");
        foreach (int place in places)
        {
            code.Open("if (" + string.Join(" && ", entries[place].Inputs.Select((input, i) =>
                parameters[i] + " == " + Wording.Integer(input.Length))) + ")");
            code.Line("return " + Wording.Integer(place) + ";");
            code.Close();
            code.Line();
        }
        string accepted = string.Join("; or ", places.Select(p => string.Join(", ", entries[p].Inputs.Select(i =>
            "'" + i.ParameterName + "' " + Wording.Integer(i.Length) + " values (shape " + Wording.Shape(i.Dimensions) + ")"))));
        string found = string.Join(", ", plan.Inputs.Select((input, i) => "'" + input.ParameterName + "' holds {" + parameters[i] + "}"));
        code.Line("throw new global::System.ArgumentException(");
        code.Line("    string.Create(global::System.Globalization.CultureInfo.InvariantCulture,");
        code.Line("        $\"The inputs must hold: " + accepted + "; but " + found + ".\"),");
        code.Line("    " + PlanText.Quote(plan.Inputs[0].ParameterName) + ");");
        code.Close();
    }
}
