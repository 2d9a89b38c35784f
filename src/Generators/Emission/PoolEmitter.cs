using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>
/// Renders what a predictor has for servers: the nested class <c>Pool</c>, which any number of threads may use, and the pool
/// <c>Shared</c>.
/// </summary>
internal static class PoolEmitter
{
    private const string Field = "_predictors";

    /// <summary>Renders the property and the class.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="notBuilt">The expression that a plan with signatures only has for a body.</param>
    /// <param name="methods">The methods that predict.</param>
    public static void Emit(CodeWriter code, ModelPlan plan, string notBuilt, IReadOnlyList<PredictEmitter> methods)
    {
        string name = PredictorEmitter.FullName(plan);
        code.Line();
        code.Summary("A pool for the whole process, of as many predictors at most as there are processors: what servers use.");
        code.Line("public static " + name + ".Pool Shared => " + (plan.IsSignatureOnly ? notBuilt : name + ".Pool.Instance") + ";");
        code.Line();
        code.Summary("Predictors that any number of threads may use at once. They are made when they are needed, up to a limit; a call "
            + "that comes when all are busy waits for one. Calls allocate nothing once the predictors are there.");
        code.Line(PredictorEmitter.GeneratedCode);
        code.Open("public sealed class Pool");
        if (!plan.IsSignatureOnly)
        {
            code.Line("internal static readonly " + name + ".Pool Instance = new " + name
                + ".Pool(global::System.Environment.ProcessorCount);");
            code.Line();
            code.Line("private readonly global::OptimizerBuild.Kernels.PredictorPool<" + name + "> " + Field + ";");
            code.Line();
        }
        code.Summary("A pool of its own, whose predictors are no others'.");
        code.Line("/// <param name=\"capacity\">How many predictors there may be, each with "
            + (plan.IsSignatureOnly ? "scratch memory" : Wording.Count(plan.ScratchBytes, "byte") + " of scratch memory") + ".</param>");
        code.Line("/// <exception cref=\"global::System.ArgumentOutOfRangeException\">Less than 1.</exception>");
        if (plan.IsSignatureOnly)
        {
            code.Line("public Pool(int capacity) => " + notBuilt + ";");
        }
        else
        {
            code.Open("public Pool(int capacity)");
            code.Line("this." + Field + " = new global::OptimizerBuild.Kernels.PredictorPool<" + name
                + ">(capacity, static () => new " + name + "());");
            code.Close();
        }
        foreach (PredictEmitter method in methods)
            method.EmitPooled(Field);
        ImageEmitter.EmitPooled(code, plan, Field, notBuilt);
        EmitWarmUp(code, plan, notBuilt);
        code.Close();
    }

    /// <summary>Renders a method that borrows a predictor.</summary>
    /// <param name="code">Where to.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="pool">The field that holds the predictors.</param>
    /// <param name="signature">The method's signature.</param>
    /// <param name="statement">What it does, with <c>{0}</c> for the predictor.</param>
    public static void EmitLending(CodeWriter code, ModelPlan plan, string pool, string signature, string statement)
    {
        string predictor = "predictor";
        while (plan.Inputs.Any(i => i.ParameterName == predictor) || plan.Outputs.Any(o => o.ParameterName == predictor))
            predictor += "_";
        code.Open(signature);
        code.Line(PredictorEmitter.FullName(plan) + " " + predictor + " = this." + pool + ".Rent();");
        code.Open("try");
        code.Line(statement.Replace("{0}", predictor));
        code.Close();
        code.Open("finally");
        code.Line("this." + pool + ".Return(" + predictor + ");");
        code.Close();
        code.Close();
    }

    private static void EmitWarmUp(CodeWriter code, ModelPlan plan, string notBuilt)
    {
        code.Line();
        code.Summary("Compiles everything that predictions need, on the caller's thread, before the first request.");
        if (plan.IsSignatureOnly)
            code.Line("public void WarmUp() => " + notBuilt + ";");
        else
            EmitLending(code, plan, Field, "public void WarmUp()", "{0}.WarmUp();");
    }
}
