using OptimizerBuild.Evaluation;
using OptimizerBuild.Kernels;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>Plans around lowered models, for tests that run them.</summary>
internal static class Plans
{
    /// <summary>A plan of a lowered model.</summary>
    public static ModelPlan Of(LoweredModel lowered) => new()
    {
        Model = "test",
        ClassName = "Model",
        Namespace = "",
        IsPublic = false,
        Facts = new("test.onnx", "", "", 0, 0, "", null, null, 0),
        Inputs = lowered.Inputs,
        Outputs = lowered.Outputs,
        Weights = new("test.weights", lowered.Weights.Length, PackedWeights.Checksum(lowered.Weights)),
        ArenaBytes = lowered.ArenaBytes,
        Buffers = lowered.Buffers,
        Steps = lowered.Steps,
    };

    /// <summary>An executor of a lowered model.</summary>
    public static PlanExecutor Execute(LoweredModel lowered) => new(Of(lowered), lowered.Weights);
}
