using OptimizerBuild.Compression;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Pipeline;

/// <summary>
/// Lowers models that are only measured, with the bindings of the model that ships: bytes where callers pass bytes, channels last where
/// they pass them so, a state where the item declares one.
/// </summary>
/// <param name="imported">The model as imported, by which the layout of inputs is judged.</param>
/// <param name="boundary">How callers pass inputs.</param>
/// <param name="coding">In which codes the weights that ship are stored.</param>
internal sealed class TrialLowering(Graph imported, BoundaryOptions boundary, WeightCoding coding = WeightCoding.None) : ITrialLowering
{
    /// <inheritdoc/>
    public TrialModel Lower(CompressedModel model, CancellationToken cancellation)
    {
        var weights = new WeightsBlob();
        LoweredModel lowered = GraphLowerer.Lower(model, boundary, cancellation, weights);
        var plan = new ModelPlan
        {
            Model = "trial",
            ClassName = "Trial",
            Namespace = "",
            IsPublic = false,
            Facts = new("", "", "", 0, 0, "", null, null, 0),
            Inputs = lowered.Inputs,
            Outputs = lowered.Outputs,
            States = lowered.States,
            Strings = lowered.Strings,
            KeepsStrings = lowered.KeepsStrings,
            Weights = new("trial.weights", lowered.Weights.Length, Kernels.PackedWeights.Checksum(lowered.Weights)),
            ArenaBytes = lowered.ArenaBytes,
            Buffers = lowered.Buffers,
            Steps = lowered.Steps,
        };
        // Samples of a technique may be made up: what callers could pass is then the nearest thing to them.
        var callers = new CallerInputs(imported, boundary.Adaptation, "trial") { TakesNearest = true };
        var shipped = new ShippedModel(new PlanExecutor(plan, lowered.Weights), imported, callers);
        // To code takes long, and not everyone who lowers a model asks for its bytes.
        var bytes = new Lazy<long>(() => WeightCoder.Code(weights, coding, cancellation).Bytes.Length);
        return new(bytes, lowered.ArenaBytes, lowered.EstimatedNanoseconds, shipped.RunMany);
    }
}
