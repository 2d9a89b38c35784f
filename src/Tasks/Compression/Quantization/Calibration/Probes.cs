using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Quantization.Calibration;

/// <summary>
/// A few samples of which every float value is kept, so that errors can be measured at each node by itself: what the float node
/// makes of its inputs beside what the quantised one makes of them.
/// </summary>
internal sealed class Probes
{
    private const int Most = 24;

    private const int Fewest = 2;

    // Bounds of memory (256 MB of float32; one sample is always kept) and work, in values kept and in products for one evaluation of the
    // graph on all probes.
    private const long ValueBudget = 64L << 20;

    private const long WorkBudget = 1_500_000_000;

    private readonly Graph _graph;
    private readonly Dictionary<string, Tensor>[] _values;

    private Probes(Graph graph, Dictionary<string, Tensor>[] values)
    {
        _graph = graph;
        _values = values;
    }

    /// <summary>The number of samples.</summary>
    public int Count => _values.Length;

    /// <summary>Evaluates evenly spaced samples.</summary>
    public static Probes Take(
        Graph graph, GraphEvaluator evaluator, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        long values = Math.Max(graph.Types.Values.Sum(t => (long)t.Count), 1);
        long worthwhile = Math.Clamp(WorkBudget / Math.Max(evaluator.MultiplyAccumulates, 1), Fewest, Most);
        int count = (int)Math.Min(Math.Min(worthwhile, Math.Max(ValueBudget / values, 1)), samples.Count);
        var kept = new Dictionary<string, Tensor>[count];
        Parallel.For(0, count, EvaluationWorkers.Of(evaluator.LiveBytes, cancellation), i =>
        {
            var own = new Dictionary<string, Tensor>(StringComparer.Ordinal);
            evaluator.Evaluate(samples[(int)((long)i * samples.Count / count)], (name, tensor) => own[name] = tensor, cancellation);
            kept[i] = own;
        });
        return new(graph, kept);
    }

    /// <summary>The float value of one sample.</summary>
    public Tensor Value(int probe, string name) => _graph.Constant(name) ?? _values[probe][name];

    /// <summary>What a float node makes of its inputs when some of them are replaced.</summary>
    public Tensor[] Evaluate(QuantizableNode node, int probe, Func<string, Tensor?> replacement)
    {
        Tensor?[] arguments = [.. node.Node.Inputs.Select(i => i.Length == 0 ? null : replacement(i) ?? Value(probe, i))];
        return OperatorRegistry.Of(node.Node).Evaluate(node.Context, arguments);
    }

    /// <summary>Sums noise and signal power over all probes; in the order of the probes, whichever is ready first.</summary>
    /// <param name="bytes">What one measurement takes.</param>
    /// <param name="measure">Measures on a probe.</param>
    public ErrorPower Measure(long bytes, Func<int, ErrorPower> measure)
    {
        var parts = new ErrorPower[Count];
        Parallel.For(0, Count, EvaluationWorkers.Of(bytes, CancellationToken.None), i => parts[i] = measure(i));
        return parts.Aggregate(default(ErrorPower), (a, b) => a + b);
    }
}

/// <summary>Power of a signal and of the error in it: sums of squares.</summary>
/// <param name="Noise">Σ (approximation − value)².</param>
/// <param name="Signal">Σ value².</param>
internal readonly record struct ErrorPower(double Noise, double Signal)
{
    /// <summary>Signal-to-noise ratio in dB; infinite without noise.</summary>
    public double Decibels =>
        Noise <= 0 ? double.PositiveInfinity : Signal <= 0 ? double.NegativeInfinity : 10 * ElementaryFunctions.Log10(Signal / Noise);

    /// <summary>Noise in proportion to the signal.</summary>
    public double Relative => Noise <= 0 ? 0 : Noise / Math.Max(Signal, double.Epsilon);

    /// <summary>The error of an approximation. Values that are not finite do not count.</summary>
    public static ErrorPower Between(Tensor approximation, Tensor value)
    {
        float[] a = approximation.Values<float>();
        float[] b = value.Values<float>();
        double noise = 0;
        double signal = 0;
        for (int i = 0; i < b.Length; i++)
        {
            double difference = (double)a[i] - b[i];
            if (!double.IsFinite(difference))
                continue;
            noise += difference * difference;
            signal += (double)b[i] * b[i];
        }
        return new(noise, signal);
    }

    /// <summary>Both sums added.</summary>
    public static ErrorPower operator +(ErrorPower a, ErrorPower b) => new(a.Noise + b.Noise, a.Signal + b.Signal);
}
