using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders what a predictor has for its first predictions in a process: <c>WarmUp</c>, and where the plan has a start-up path what the
/// instances share for it.
/// </summary>
internal static class StartUpEmitter
{
    private const string Kernels = "global::OptimizerBuild.Kernels.";

    /// <summary>Whether the first predictions of a process run in small code, at least with one of the entries.</summary>
    public static bool HasStartUp(ModelPlan plan) => plan.Entries.Any(e => e.HasStartUp);

    /// <summary>Renders the static field.</summary>
    public static void EmitState(CodeWriter code, ModelPlan plan)
    {
        if (HasStartUp(plan))
            code.Line("private static readonly " + Kernels + "StartUp _startUp = new " + Kernels + "StartUp(RunOnce, "
                + Wording.Integer(plan.Entries.First(e => e.HasStartUp).Macs) + ");");
    }

    /// <summary>What follows the construction of an instance's workspace.</summary>
    public static string Initializer(ModelPlan plan) => HasStartUp(plan) ? " { IsStarting = !_startUp.IsOver }" : "";

    /// <summary>Renders the first statements of a prediction with one of the entries.</summary>
    public static void EmitBeginning(CodeWriter code, ModelPlan plan, PlanEntry entry)
    {
        if (!HasStartUp(plan))
            return;
        if (!entry.HasStartUp)
        {
            code.Line("this._workspace.IsStarting = false;");
            return;
        }
        code.Open("if (this._workspace.IsStarting)");
        code.Line("this._workspace.IsStarting = _startUp.Continues();");
        code.Close();
        code.Line();
    }

    /// <summary>Renders the public method.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="notBuilt">The expression that a plan with signatures only has for a body.</param>
    public static void EmitWarmUp(CodeWriter code, ModelPlan plan, string notBuilt)
    {
        code.Line();
        code.Summary("Compiles everything that predictions need, on the caller's thread, by one prediction on zeros"
            + (plan.Further.Count > 0 ? " for each set of shapes" : plan.Batch is not null ? " and a batch" : "")
            + ", so that no later prediction of this process has to wait for it. Nobody need call it; servers may want to before the first "
            + "request.");
        code.Line("/// <remarks>It takes tens of milliseconds, allocates, and leaves no valid outputs. "
            + (HasStartUp(plan) || plan.IsSignatureOnly
                ? "Without it the first predictions run in code that is small, slower and compiled at once, while a thread in the "
                    + "background compiles the fast code from the second one on; all give the same bytes."
                : "Without it the first prediction takes so much longer.") + "</remarks>");
        code.Line("/// <exception cref=\"global::System.InvalidOperationException\">"
            + (plan.IsSignatureOnly ? "The model has not been compiled yet." : "The instance is making a prediction.") + "</exception>");
        if (plan.IsSignatureOnly)
        {
            code.Line("public void WarmUp() => " + notBuilt + ";");
            return;
        }
        code.Open("public void WarmUp()");
        code.Line("this.Enter();");
        code.Open("try");
        if (HasStartUp(plan))
            code.Line("this._workspace.IsStarting = false;");
        string[] state = StateEmitter.HasState(plan) ? ["new " + StateEmitter.TypeName(plan) + "()"] : [];
        if (plan.Batch is { } batch)
            code.Line("this." + PredictorNames.ComputeBatch + "(" + string.Join(", ", batch.Inputs.Select(Zeros)) + ");");
        // The main entry last, so that the outputs have its lengths.
        IReadOnlyList<PlanEntry> entries = plan.Entries;
        for (int place = entries.Count - 1; place >= 0; place--)
            code.Line("this." + Entries.Compute(place) + "(" + string.Join(", ", entries[place].Inputs.Select(Zeros).Concat(state)) + ");");
        if (plan.Classifier is not null)
            code.Line("_ = this.Classify();");
        if (HasStartUp(plan))
            code.Line("_startUp.End();");
        code.Close();
        code.Open("finally");
        code.Line("this.Leave();");
        code.Close();
        code.Close();
    }

    /// <summary>Renders what the thread in the background runs.</summary>
    public static void EmitRunOnce(CodeWriter code, ModelPlan plan)
    {
        if (!HasStartUp(plan))
            return;
        code.Line();
        code.Open("private static void RunOnce()");
        code.Line("var workspace = new " + Kernels + "Workspace(LoadWeights(), " + Wording.Integer(plan.ScratchBytes) + ");");
        StringEmitter.EmitPool(code, plan, "workspace");
        IReadOnlyList<PlanEntry> entries = plan.Entries;
        for (int place = 0; place < entries.Count; place++)
            if (entries[place].HasStartUp)
                EmitRun(code, entries[place], Entries.Layers(place));
        if (plan.Batch is { } batch)
            EmitRun(code, batch, PredictorNames.BatchLayers);
        code.Close();
    }

    private static void EmitRun(CodeWriter code, PlanEntry entry, string layers)
    {
        for (int i = 0; i < entry.Inputs.Count; i++)
            if (entry.Inputs[i].Binding is not null)
                code.Line(layers + "." + LayersEmitter.BindingName(entry, i) + "(" + Zeros(entry.Inputs[i]) + ", workspace);");
        for (int i = 0; i < entry.States.Count; i++)
            if (entry.States[i].Binding is not null)
                code.Line(layers + "." + StateEmitter.BindingName(i) + "(new " + entry.States[i].Type.Keyword() + "["
                    + Wording.Integer(entry.States[i].Length) + "], workspace);");
        code.Line(layers + ".Run(workspace);");
    }

    private static string Zeros(PlanInput input) => "new " + input.Type.Keyword() + "[" + Wording.Integer(input.Length) + "]";
}
