using OptimizerBuild.Compression;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>Lowers models that are only measured: the same way as those that ship, for callers that pass what the model takes.</summary>
/// <param name="imported">The model as imported, by which the layout of inputs is judged.</param>
internal sealed class TrialLowering(Graph imported) : ITrialLowering
{
    /// <inheritdoc/>
    public TrialModel Lower(CompressedModel model, CancellationToken cancellation)
    {
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions { Interface = imported }, cancellation);
        var plan = new ModelPlan
        {
            Model = "trial",
            ClassName = "Trial",
            Namespace = "",
            IsPublic = false,
            Facts = new("", "", "", 0, 0, "", null, null, 0),
            Inputs = lowered.Inputs,
            Outputs = lowered.Outputs,
            Weights = new("trial.weights", lowered.Weights.Length, Kernels.PackedWeights.Checksum(lowered.Weights)),
            ArenaBytes = lowered.ArenaBytes,
            Buffers = lowered.Buffers,
            Steps = lowered.Steps,
        };
        var executor = new PlanExecutor(plan, lowered.Weights);
        return new(lowered.Weights.Length, lowered.ArenaBytes, lowered.EstimatedNanoseconds, executor.RunMany);
    }
}
