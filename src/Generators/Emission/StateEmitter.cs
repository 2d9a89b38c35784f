using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders what a predictor has for values that persist between predictions: the nested class <c>State</c> and the state of the
/// instance's own.
/// </summary>
internal static class StateEmitter
{
    /// <summary>Whether predictions leave something to later ones.</summary>
    public static bool HasState(ModelPlan plan) => plan.States.Count > 0;

    /// <summary>The class as code mentions it.</summary>
    public static string TypeName(ModelPlan plan) => PredictorEmitter.FullName(plan) + "." + PredictorNames.StateClass;

    /// <summary>The parameter of methods that take a state.</summary>
    public static string Parameter(ModelPlan plan) => TypeName(plan) + " " + PredictorNames.StateParameter;

    /// <summary>Renders the property of the instance's own state.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="notBuilt">The expression that a plan with signatures only has for a body.</param>
    public static void EmitProperty(CodeWriter code, ModelPlan plan, string notBuilt)
    {
        code.Line();
        code.Summary("The state that predictions continue which are not given another one.");
        code.Line("public " + TypeName(plan) + " " + PredictorNames.StateProperty
            + (plan.IsSignatureOnly ? " => " + notBuilt + ";" : " { get; } = new " + TypeName(plan) + "();"));
    }

    /// <summary>Renders the statements that bring the state into the scratch memory.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="entry">The entry that makes the prediction.</param>
    /// <param name="layers">The class with its steps.</param>
    public static void EmitReading(CodeWriter code, PlanEntry entry, string layers)
    {
        for (int i = 0; i < entry.States.Count; i++)
            if (entry.States[i].Binding is not null)
                code.Line(layers + "." + BindingName(i) + "(" + PredictorNames.StateParameter + "." + Field(i) + ", this._workspace);");
    }

    /// <summary>Renders the statements that take the state out of the scratch memory.</summary>
    public static void EmitWriting(CodeWriter code, PlanEntry entry)
    {
        for (int i = 0; i < entry.States.Count; i++)
        {
            PlanState state = entry.States[i];
            code.Line("this._workspace.ArenaSpan<" + state.Type.Keyword() + ">(" + Wording.Integer(state.Offset) + ", "
                + Wording.Integer(state.Length) + ").CopyTo(" + PredictorNames.StateParameter + "." + Field(i) + ");");
        }
    }

    /// <summary>The name of the method that brings a value of the state into the scratch memory.</summary>
    public static string BindingName(int state) => "ReadState" + Wording.Integer(state);

    /// <summary>Renders the class.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="notBuilt">The expression that a plan with signatures only has for a body.</param>
    public static void EmitClass(CodeWriter code, ModelPlan plan, string notBuilt)
    {
        code.Line();
        code.Summary("What one prediction leaves to the next one of the same stream. Every stream has a state of its own; a state serves "
            + "one prediction at a time.");
        code.Line(PredictorEmitter.GeneratedCode);
        code.Open("public sealed class " + PredictorNames.StateClass);
        if (!plan.IsSignatureOnly)
        {
            for (int i = 0; i < plan.States.Count; i++)
                code.Line("internal readonly " + plan.States[i].Type.Keyword() + "[] " + Field(i) + " = new "
                    + plan.States[i].Type.Keyword()
                    + "[" + Wording.Integer(plan.States[i].Length) + "];");
            code.Line();
        }
        code.Summary("The state before the first prediction of a stream.");
        EmitExceptions(code, plan);
        if (plan.IsSignatureOnly)
        {
            code.Line("public " + PredictorNames.StateClass + "() => " + notBuilt + ";");
        }
        else
        {
            code.Open("public " + PredictorNames.StateClass + "()");
            code.Line("this.Reset();");
            code.Close();
        }
        for (int i = 0; i < plan.States.Count; i++)
        {
            PlanState state = plan.States[i];
            code.Line();
            code.Summary("The value that the model takes as <c>" + Wording.Xml(state.OnnxName) + "</c> and gives as <c>"
                + Wording.Xml(state.OutputName) + "</c>: " + PredictorEmitter.Describe(state.Type, state.Length, state.Dimensions) + ".");
            code.Line("public global::System.Span<" + state.Type.Keyword() + "> " + Identifiers.Escape(state.PropertyName) + " => "
                + (plan.IsSignatureOnly ? notBuilt : "this." + Field(i)) + ";");
        }
        code.Line();
        code.Summary("Turns back to the state before the first prediction of a stream.");
        EmitExceptions(code, plan);
        EmitMethod(code, "public void Reset()", plan, notBuilt, [.. plan.States.Select(Initial)]);
        code.Line();
        code.Summary("Takes over another state. Allocates nothing.");
        code.Line("/// <param name=\"other\">The state to copy.</param>");
        code.Line("/// <exception cref=\"global::System.ArgumentNullException\">There is none.</exception>");
        EmitMethod(code, "public void CopyFrom(" + TypeName(plan) + " other)", plan, notBuilt,
        [
            "global::System.ArgumentNullException.ThrowIfNull(other);",
            .. plan.States.Select((s, i) => "global::System.Array.Copy(other." + Field(i) + ", this." + Field(i) + ", "
                + Wording.Integer(s.Length) + ");"),
        ]);
        code.Close();
    }

    private static void EmitExceptions(CodeWriter code, ModelPlan plan)
    {
        if (plan.IsSignatureOnly)
            code.Line("/// <exception cref=\"global::System.InvalidOperationException\">The model has not been compiled yet.</exception>");
        else if (plan.States.Any(s => s.Initial is not null))
            code.Line("/// <exception cref=\"global::System.IO.InvalidDataException\">The weights are missing or damaged.</exception>");
    }

    private static void EmitMethod(CodeWriter code, string signature, ModelPlan plan, string notBuilt, string[] statements)
    {
        if (plan.IsSignatureOnly)
        {
            code.Line(signature + " => " + notBuilt + ";");
            return;
        }
        code.Open(signature);
        foreach (string statement in statements)
            code.Line(statement);
        code.Close();
    }

    private static string Initial(PlanState state, int index) => state.Initial is { } offset
        ? "global::System.Runtime.InteropServices.MemoryMarshal.Cast<byte, " + state.Type.Keyword() + ">(LoadWeights().Bytes.Slice("
            + Wording.Integer(offset) + ", " + Wording.Integer((long)state.Length * state.Type.Size()) + ")).CopyTo(this." + Field(index)
                + ");"
        : "global::System.Array.Clear(this." + Field(index) + ");";

    private static string Field(int index) => "_value" + Wording.Integer(index);
}
