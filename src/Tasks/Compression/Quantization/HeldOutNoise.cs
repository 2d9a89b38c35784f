using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// How far the outputs of quantised forms of one model are from the float graph's on samples that served for none of them, sample by
/// sample, in exact integer arithmetic. What is compared are the values of <see cref="OutputNoise.Measured"/>.
/// </summary>
internal sealed class HeldOutNoise
{
    private readonly IReadOnlyList<IReadOnlyList<Tensor>> _samples;
    private readonly Tensor[][] _values;

    /// <summary>Evaluates the float graph.</summary>
    /// <param name="graph">The float graph.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="cancellation">Stops the work.</param>
    public HeldOutNoise(Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        _samples = samples;
        string[] measured = OutputNoise.Measured(graph);
        var evaluator = new GraphEvaluator(graph);
        _values = [.. samples.Select(_ => new Tensor[measured.Length])];
        var places = measured.Select((name, i) => (name, i)).ToDictionary(m => m.name, m => m.i, StringComparer.Ordinal);
        Parallel.For(0, _values.Length, EvaluationWorkers.Of(evaluator.LiveBytes, cancellation), i =>
            evaluator.Evaluate(samples[i], (name, value) =>
            {
                if (places.TryGetValue(name, out int place))
                    _values[i][place] = value;
            }, cancellation));
    }

    /// <summary>The error of a quantised form: for each sample, that of each value that is compared.</summary>
    public ErrorPower[][] Of(CompressedModel quantised, CancellationToken cancellation)
    {
        var evaluator = new QuantizedGraphEvaluator(quantised.Graph, quantised.Annotation<GraphQuantization>()!);
        string[] measured = OutputNoise.Measured(quantised.Graph);
        var errors = new ErrorPower[_samples.Count][];
        Parallel.For(0, errors.Length, evaluator.Workers(cancellation), i =>
            errors[i] = [.. evaluator.Evaluate(_samples[i], measured, null, cancellation).Select((t, o) =>
                ErrorPower.Between(t, _values[i][o]))]);
        return errors;
    }
}
