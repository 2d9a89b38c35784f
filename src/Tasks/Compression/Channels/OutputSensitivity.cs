using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Operators.Reduction;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// How far the outputs of a changed model are from those of the whole one on a few calibration samples: the power of the difference in
/// proportion to how the outputs vary. Where an output is a softmax, the scores before it are compared, since saturated probabilities hide
/// differences; where it is a class or a truth, what it has been decided by.
/// </summary>
internal sealed class OutputSensitivity
{
    // Calibration samples on which outputs are compared, at most, and the work that all comparisons together may take.
    private const int MostSamples = 64;
    private const long Budget = 1L << 35;

    private readonly string[] _values;
    private readonly IReadOnlyList<IReadOnlyList<Tensor>> _samples;
    private readonly Tensor[][] _whole;
    private readonly double[] _power;
    private readonly CancellationToken _cancellation;

    /// <summary>The outputs of the whole model.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="cancellation">Stops the work.</param>
    public OutputSensitivity(Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        _values = Compared(graph);
        (_samples, _cancellation) = (samples, cancellation);
        _whole = Evaluate(graph);
        _power = [.. _values.Select((_, v) => Power(v))];
    }

    /// <summary>
    /// Whether differences show: some output is made from real numbers, and they vary. Otherwise every error is 0 and says nothing.
    /// </summary>
    public bool Compares => _power.Any(p => p > 0);

    /// <summary>The outputs of the whole model on as many calibration samples as the work allows.</summary>
    /// <param name="graph">The model.</param>
    /// <param name="context">The build's context.</param>
    /// <param name="comparisons">How many changed models will be compared.</param>
    public static OutputSensitivity OfCalibration(Graph graph, CompressionContext context, int comparisons)
    {
        SampleSet all = context.Calibration;
        long count = Budget / Math.Max(LayerRows.Work(graph), 1) / Math.Max(comparisons, 1);
        return new(graph, LayerRows.Spread(all, Math.Clamp(count, 4, MostSamples)), context.Cancellation);
    }

    /// <summary>The error of a changed model: the mean over the outputs.</summary>
    public double ErrorOf(Graph changed)
    {
        Tensor[][] values = Evaluate(changed);
        double sum = 0;
        for (int v = 0; v < _values.Length; v++)
        {
            double squares = 0;
            for (int s = 0; s < values.Length; s++)
            {
                float[] a = _whole[s][v].Values<float>(), b = values[s][v].Values<float>();
                for (int i = 0; i < a.Length; i++)
                    squares += ((double)a[i] - b[i]) * ((double)a[i] - b[i]);
            }
            sum += _power[v] > 0 ? squares / _power[v] : 0;
        }
        return _values.Length == 0 ? 0 : sum / _values.Length;
    }

    // The nearest float32 values before the outputs; none that the model is given.
    private static string[] Compared(Graph graph)
    {
        GraphIndex index = GraphIndex.Of(graph);
        var compared = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var open = new Queue<string>(graph.Outputs);
        while (open.TryDequeue(out string? value))
        {
            if (value.Length == 0 || !seen.Add(value) || index.Producer(value) is not { } producer)
                continue;
            bool real = graph.TypeOf(value).Element == ElementType.Float32;
            if (real && !producer.Is<AxisFunction>())
            {
                compared.Add(value);
                continue;
            }
            foreach (string input in producer.Inputs)
                open.Enqueue(input);
        }
        return [.. compared];
    }

    private Tensor[][] Evaluate(Graph graph) => _values.Length == 0 ? [] :
        new GraphEvaluator(new DeadCodeRemoval().Apply(graph with { Outputs = [.. _values] }))
            .EvaluateMany(_samples, cancellation: _cancellation);

    private double Power(int value)
    {
        float[][] all = [.. _whole.Select(w => w[value].Values<float>())];
        double mean = all.Sum(a => LaneSums.Sum<double>(Array.ConvertAll(a, x => (double)x))) / Math.Max(all.Sum(a => a.Length), 1);
        double sum = 0;
        foreach (float[] a in all)
            foreach (float x in a)
                sum += (x - mean) * (x - mean);
        return sum;
    }
}
