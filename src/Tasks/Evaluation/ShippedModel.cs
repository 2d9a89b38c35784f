using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Evaluation;

/// <summary>The compressed model as apps will call it: the plan that ships, fed with what a caller passes.</summary>
/// <param name="executor">The plan.</param>
/// <param name="callers">What becomes of samples.</param>
internal sealed class ShippedModel(PlanExecutor executor, CallerInputs callers)
{
    /// <summary>Runs many samples on all cores; the results do not depend on their number.</summary>
    /// <param name="samples">For each sample the float model's inputs.</param>
    /// <param name="cancellation">Stops the work; checked between samples.</param>
    /// <exception cref="ModelException">A sample holds what no caller could pass.</exception>
    public Tensor[][] RunMany(IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation = default) =>
        executor.RunMany([.. samples.Select(callers.Of)], cancellation);
}
