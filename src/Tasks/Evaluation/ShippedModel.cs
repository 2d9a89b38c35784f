using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Evaluation;

/// <summary>The compressed model as apps will call it: the plan that ships, fed with what a caller passes.</summary>
/// <param name="executor">The plan.</param>
/// <param name="graph">The imported model, whose inputs and outputs samples and results have: a state's among them.</param>
/// <param name="callers">What becomes of samples.</param>
internal sealed class ShippedModel(PlanExecutor executor, Graph graph, CallerInputs callers)
{
    /// <summary>Runs many samples on all cores; the results do not depend on their number.</summary>
    /// <param name="samples">For each sample the float model's inputs.</param>
    /// <param name="cancellation">Stops the work; checked between samples.</param>
    /// <returns>For each sample the float model's outputs.</returns>
    /// <exception cref="ModelException">A sample holds what no caller could pass.</exception>
    public Tensor[][] RunMany(IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation = default)
    {
        if (executor.Entry.States.Count == 0)
            return executor.RunMany([.. samples.Select(callers.Of)], cancellation);
        var results = new Tensor[samples.Count][];
        var options = new ParallelOptions { CancellationToken = cancellation, MaxDegreeOfParallelism = Environment.ProcessorCount };
        Parallel.For(0, samples.Count, options, i => results[i] = Run(samples[i]));
        return results;
    }

    // A state is what the sample says, and then what the prediction leaves.
    private Tensor[] Run(IReadOnlyList<Tensor> sample)
    {
        PlanEntry entry = executor.Entry;
        Tensor[] state = [.. entry.States.Select(s => Copy(Given(sample, s.OnnxName)))];
        Tensor[] outputs = executor.Run([.. entry.Inputs.Select(i => callers.Of(i.OnnxName, Given(sample, i.OnnxName)))], state);
        var results = new Dictionary<string, Tensor>(StringComparer.Ordinal);
        for (int i = 0; i < outputs.Length; i++)
            results[entry.Outputs[i].OnnxName] = outputs[i];
        for (int i = 0; i < state.Length; i++)
            results[entry.States[i].OutputName] = state[i];
        return [.. graph.Outputs.Select(o => results[o])];
    }

    private Tensor Given(IReadOnlyList<Tensor> sample, string input) => sample[graph.Inputs.IndexOf(input)];

    private static Tensor Copy(Tensor value) => new(value.Type, (Array)value.Data.Clone());
}
