using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>How far the outputs of a quantised graph are from the float graph's on some of the samples, all errors taken together.</summary>
internal sealed class OutputNoise
{
    private const int Most = 64;

    private const int Fewest = 8;

    private const long WorkBudget = 5_000_000_000;

    private readonly Graph _graph;
    private readonly IReadOnlyList<Tensor>[] _samples;
    private readonly Tensor[][] _outputs;

    /// <summary>Evaluates the float graph on evenly spaced samples.</summary>
    public OutputNoise(Graph graph, GraphEvaluator evaluator, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        _graph = graph;
        long affordable = Math.Clamp(WorkBudget / Math.Max(evaluator.MultiplyAccumulates, 1), Fewest, Most);
        int count = (int)Math.Min(affordable, samples.Count);
        _samples = [.. Enumerable.Range(0, count).Select(i => samples[(int)((long)i * samples.Count / count)])];
        _outputs = evaluator.EvaluateMany(_samples, null, cancellation);
    }

    /// <summary>The signal-to-noise ratio of the noisiest output in dB; infinite where no output is a float32 tensor.</summary>
    public double Decibels(GraphQuantization plan, CancellationToken cancellation)
    {
        Tensor[][] rounded = new QuantizedGraphEvaluator(_graph, plan).EvaluateMany(_samples, cancellation);
        double least = double.PositiveInfinity;
        for (int o = 0; o < _graph.Outputs.Length; o++)
        {
            if (_graph.TypeOf(_graph.Outputs[o]).Element != ElementType.Float32)
                continue;
            var power = default(ErrorPower);
            for (int i = 0; i < rounded.Length; i++)
                power += ErrorPower.Between(rounded[i][o], _outputs[i][o]);
            least = Math.Min(least, power.Decibels);
        }
        return least;
    }
}
