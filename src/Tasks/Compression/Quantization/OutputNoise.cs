using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// How far the outputs of a quantised graph are from the float graph's on some of the samples, all errors taken together. Where an
/// output is a softmax or a sigmoid, the scores before it are compared: probabilities near 0 and 1 hide noise that decides a close case.
/// </summary>
internal sealed class OutputNoise
{
    /// <summary>The largest number of samples that outputs are compared on.</summary>
    public const int Most = 48;

    /// <summary>The number of samples that they are compared on however large a model is.</summary>
    public const int Fewest = 8;

    /// <summary>The multiply-accumulates of one comparison, where that makes more than the fewest samples.</summary>
    public const long WorkOfPlan = 4_000_000_000;

    /// <summary>What the compared values of all samples may take in bytes; those of one sample are always compared.</summary>
    public const long MemoryBytes = 128L << 20;

    private readonly Graph _graph;
    private readonly SharedFloats _sharing;
    private readonly IReadOnlyList<IReadOnlyList<Tensor>> _samples;
    private readonly string[] _measured;
    private readonly Tensor[][] _values;

    /// <summary>Evaluates the float graph on the extreme samples and evenly spaced ones.</summary>
    /// <param name="graph">The float graph.</param>
    /// <param name="evaluator">Runs it.</param>
    /// <param name="samples">The calibration samples.</param>
    /// <param name="extremes">Indices of samples that are taken first, up to half of all that are.</param>
    /// <param name="sharing">What becomes of the weights of layers that a plan leaves in float32.</param>
    /// <param name="cancellation">Stops the work.</param>
    public OutputNoise(
        Graph graph, GraphEvaluator evaluator, IReadOnlyList<IReadOnlyList<Tensor>> samples, IReadOnlyList<int> extremes,
            SharedFloats sharing, CancellationToken cancellation)
    {
        _graph = graph;
        _sharing = sharing;
        _measured = Measured(graph);
        long bytes = Math.Max(_measured.Sum(m => (long)graph.TypeOf(m).Count * sizeof(float)), 1);
        long worthwhile = Math.Clamp(WorkOfPlan / Math.Max(evaluator.MultiplyAccumulates, 1), Fewest, Most);
        int count = (int)Math.Min(Math.Min(worthwhile, Math.Max(MemoryBytes / bytes, 1)), samples.Count);
        int[] chosen = [.. extremes.Take(count / 2)];
        int others = count - chosen.Length;
        int[] all = [.. chosen.Concat(Enumerable.Range(0, others).Select(i => (int)((long)i * samples.Count / others))).Distinct()];
        _samples = new SelectedSamples(samples, all);
        _values = [.. all.Select(_ => new Tensor[_measured.Length])];
        var places = _measured.Select((name, i) => (name, i)).ToDictionary(m => m.name, m => m.i, StringComparer.Ordinal);
        Parallel.For(0, all.Length, EvaluationWorkers.Of(evaluator.LiveBytes, cancellation), i =>
            evaluator.Evaluate(_samples[i], (name, value) =>
            {
                if (places.TryGetValue(name, out int place))
                    _values[i][place] = value;
            }, cancellation));
    }

    /// <summary>The values of a graph that are compared: its float32 outputs that depend on the inputs, or the scores that they are made
    /// of.</summary>
    public static string[] Measured(Graph graph) => [.. graph.Outputs.Select(o => Scores(graph, o)).Where(name =>
        graph.TypeOf(name).Element == ElementType.Float32 && !graph.IsConstant(name)).Distinct(StringComparer.Ordinal)];

    /// <summary>The number of samples that outputs are compared on.</summary>
    public int Count => _samples.Count;

    /// <summary>The signal-to-noise ratio of the noisiest output in dB; infinite where no output is a float32 tensor that depends on
    /// the inputs.</summary>
    public double Decibels(GraphQuantization plan, CancellationToken cancellation) =>
        Powers(plan, cancellation).Select(p => p.Decibels).DefaultIfEmpty(double.PositiveInfinity).Min();

    /// <summary>The noise of the noisiest output in proportion to its power; 0 where there is none to compare.</summary>
    public double Relative(GraphQuantization plan, CancellationToken cancellation) =>
        Powers(plan, cancellation).Select(p => p.Relative).DefaultIfEmpty(0).Max();

    private IEnumerable<ErrorPower> Powers(GraphQuantization plan, CancellationToken cancellation)
    {
        var evaluator = new QuantizedGraphEvaluator(_sharing.Apply(_graph, plan), plan);
        var noise = new ErrorPower[_samples.Count][];
        Parallel.For(0, noise.Length, evaluator.Workers(cancellation), i =>
            noise[i] = [.. evaluator.Evaluate(_samples[i], _measured, null, cancellation).Select((t, o) =>
                ErrorPower.Between(t, _values[i][o]))]);
        return Enumerable.Range(0, _measured.Length)
            .Select(o => noise.Aggregate(default(ErrorPower), (sum, own) => sum + own[o]));
    }

    // What an output is the softmax (or its logarithm) or sigmoid of, perhaps under another shape; else the output itself.
    private static string Scores(Graph graph, string output)
    {
        string value = output;
        while (GraphIndex.Of(graph).Producer(value) is { } node)
        {
            if (node.Is<AxisFunction>() || node.Is<SigmoidOperator>())
                return node.Inputs[0];
            if (!node.Is<ReshapingOperator>())
                break;
            value = node.Inputs[0];
        }
        return output;
    }
}
