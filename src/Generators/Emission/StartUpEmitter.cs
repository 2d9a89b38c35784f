using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders what a predictor has for its first predictions in a process: <c>WarmUp</c>, and where the plan has a start-up path what the
/// instances share for it.
/// </summary>
internal static class StartUpEmitter
{
    private const string Kernels = "global::OptimizerBuild.Kernels.";

    /// <summary>Renders the static field.</summary>
    public static void EmitState(CodeWriter code, ModelPlan plan)
    {
        if (plan.HasStartUp)
            code.Line("private static readonly " + Kernels + "StartUp _startUp = new " + Kernels + "StartUp(RunOnce, "
                + Wording.Integer(plan.Facts.Macs) + ");");
    }

    /// <summary>What follows the construction of an instance's workspace.</summary>
    public static string Initializer(ModelPlan plan) => plan.HasStartUp ? " { IsStarting = !_startUp.IsOver }" : "";

    /// <summary>Renders the first statements of a prediction.</summary>
    public static void EmitBeginning(CodeWriter code, ModelPlan plan)
    {
        if (!plan.HasStartUp)
            return;
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
        code.Summary("Compiles everything that predictions need, on the caller's thread, by one prediction on zeros, so that no later "
            + "prediction of this process has to wait for it. Nobody need call it; servers may want to before the first request.");
        code.Line("/// <remarks>It takes tens of milliseconds, allocates, and leaves no valid outputs. "
            + (plan.HasStartUp || plan.IsSignatureOnly
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
        if (plan.HasStartUp)
            code.Line("this._workspace.IsStarting = false;");
        string[] arguments =
            [.. plan.Inputs.Select(Zeros), .. StateEmitter.HasState(plan) ? (string[])["new " + StateEmitter.TypeName(plan) + "()"] : []];
        code.Line("this.Compute(" + string.Join(", ", arguments) + ");");
        if (plan.Classifier is not null)
            code.Line("_ = this.Classify();");
        if (plan.HasStartUp)
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
        if (!plan.HasStartUp)
            return;
        code.Line();
        code.Open("private static void RunOnce()");
        code.Line("var workspace = new " + Kernels + "Workspace(LoadWeights(), " + Wording.Integer(plan.ArenaBytes) + ");");
        for (int i = 0; i < plan.Inputs.Count; i++)
            if (plan.Inputs[i].Binding is not null)
                code.Line("Layers." + LayersEmitter.BindingName(plan, i) + "(" + Zeros(plan.Inputs[i]) + ", workspace);");
        for (int i = 0; i < plan.States.Count; i++)
            if (plan.States[i].Binding is not null)
                code.Line("Layers." + StateEmitter.BindingName(i) + "(new " + plan.States[i].Type.Keyword() + "["
                    + Wording.Integer(plan.States[i].Length) + "], workspace);");
        code.Line("Layers.Run(workspace);");
        code.Close();
    }

    private static string Zeros(PlanInput input) => "new " + input.Type.Keyword() + "[" + Wording.Integer(input.Length) + "]";
}
