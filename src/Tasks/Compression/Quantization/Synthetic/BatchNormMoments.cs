using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>What the batch norms of a graph remember of their inputs in training, to compare made-up inputs with.</summary>
internal sealed class BatchNormMoments
{
    private readonly ImmutableArray<(string Input, float[] Means, float[] Variances)> _layers;

    private BatchNormMoments(ImmutableArray<(string Input, float[] Means, float[] Variances)> layers) => _layers = layers;

    /// <summary>Whether the graph has no batch norm.</summary>
    public bool IsEmpty => _layers.IsEmpty;

    /// <summary>Reads the batch norms of a graph.</summary>
    public static BatchNormMoments Of(Graph graph) => new([.. graph.Nodes
        .Where(n => n.Is<BatchNormalizationOperator>() && n.Inputs.Length == 5
            && !graph.IsConstant(n.Inputs[0]) && graph.TypeOf(n.Inputs[0]).Rank >= 2)
        .Select(n => (n.Inputs[0], Means: graph.Constant(n.Inputs[3]), Variances: graph.Constant(n.Inputs[4])))
        .Where(b => b.Means is { Element: ElementType.Float32 } && b.Variances is { Element: ElementType.Float32 })
        .Select(b => (b.Item1, b.Means!.Values<float>(), b.Variances!.Values<float>()))]);

    /// <summary>
    /// How far the inputs of all batch norms are from what these remember, over samples: for each channel the squared distance of the
    /// means in deviations and the squared logarithm of the ratio of the variances, averaged over channels, then over layers.
    /// </summary>
    public double Distance(Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        ChannelMoments[] seen = Observe(graph, samples, cancellation);
        double total = 0;
        for (int l = 0; l < _layers.Length; l++)
        {
            double layer = 0;
            for (int c = 0; c < _layers[l].Means.Length; c++)
            {
                double expected = Math.Max(_layers[l].Variances[c], 1e-8);
                double shift = seen[l].Mean(c) - _layers[l].Means[c];
                double ratio = ElementaryFunctions.Log(Math.Max(seen[l].Variance(c), 1e-8) / expected);

                // One hopeless channel must not decide for all.
                layer += Math.Min(shift * shift / expected, 100) + Math.Min(ratio * ratio, 100);
            }
            total += layer / Math.Max(_layers[l].Means.Length, 1);
        }
        return double.IsFinite(total) ? total / _layers.Length : double.PositiveInfinity;
    }

    /// <summary>
    /// Gain and offset that, put on inputs, bring the first batch norm's statistics closest, where what lies before it is affine: the
    /// gain from the median ratio of variances, the offset by least squares over the channels' means.
    /// </summary>
    public (double Gain, double Offset)? Matched(Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        ChannelMoments noise = Observe(graph, samples, cancellation)[0];
        ChannelMoments zero = Observe(graph, [Constant(graph, 0)], cancellation)[0];
        ChannelMoments one = Observe(graph, [Constant(graph, 1)], cancellation)[0];
        (_, float[] means, float[] variances) = _layers[0];
        double[] ratios = [.. Enumerable.Range(0, means.Length)
            .Where(c => noise.Variance(c) > 1e-12 && variances[c] > 0)
            .Select(c => variances[c] / noise.Variance(c))
            .Order()];
        if (ratios.Length == 0)
            return null;
        double gain = Math.Sqrt(ratios[ratios.Length / 2]);

        // Channel means are gain·(noise − zero) + offset·(one − zero) + zero.
        double numerator = 0;
        double denominator = 0;
        for (int c = 0; c < means.Length; c++)
        {
            double weight = 1 / Math.Max(variances[c], 1e-8);
            double response = one.Mean(c) - zero.Mean(c);
            double missing = means[c] - zero.Mean(c) - (gain * (noise.Mean(c) - zero.Mean(c)));
            numerator += weight * response * missing;
            denominator += weight * response * response;
        }
        double offset = denominator > 0 ? numerator / denominator : 0;
        return double.IsFinite(gain) && double.IsFinite(offset) ? (gain, offset) : null;
    }

    private ChannelMoments[] Observe(Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        var evaluator = new GraphEvaluator(graph);
        ChannelMoments[] total = [.. _layers.Select(l => new ChannelMoments(l.Means.Length))];
        ILookup<string, ChannelMoments> readers = _layers.Zip(total).ToLookup(l => l.First.Input, l => l.Second, StringComparer.Ordinal);
        foreach (IReadOnlyList<Tensor> sample in samples)
            evaluator.Evaluate(sample, (name, value) =>
            {
                foreach (ChannelMoments moments in readers[name])
                    moments.Add(value, 1);
            }, cancellation);
        return total;
    }

    private static IReadOnlyList<Tensor> Constant(Graph graph, float value) =>
        [.. graph.Inputs.Select(i => graph.TypeOf(i) is { Element: ElementType.Float32 } type
            ? new Tensor(type, Enumerable.Repeat(value, type.Count).ToArray())
            : Tensor.Zeros(graph.TypeOf(i)))];
}
