using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>
/// Whether inputs have the size that a model without batch norms was trained on: weights are initialised and trained so that the
/// outputs of the first convolution or dense layer spread by about 1 (K. He et al. 2015, arXiv 1502.01852). Bytes put into a model that
/// expects values up to 1, or the other way round, are off by a factor of 255.
/// </summary>
internal static class FirstLayerSpread
{
    /// <summary>
    /// How far the spread of the first layer's outputs over samples is from 1, as a logarithm; null where there is no such layer.
    /// </summary>
    public static double? Distance(Graph graph, IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        Node? layer = graph.Nodes.FirstOrDefault(
            n => n.Is<IDotProduct>() && !graph.IsConstant(n.Inputs[0]) && graph.IsConstant(n.Inputs[1]));
        if (layer is null || graph.TypeOf(layer.Outputs[0]) is not { Element: ElementType.Float32, Rank: >= 2 } type || type.Count == 0)
            return null;
        int axis = layer.Is<ISpatial>() ? 1 : type.Rank - 1;
        var moments = new ChannelMoments(type.Dimensions[axis]);
        var evaluator = new GraphEvaluator(graph);
        foreach (IReadOnlyList<Tensor> sample in samples)
            evaluator.Evaluate(sample, (name, value) =>
            {
                if (name == layer.Outputs[0])
                    moments.Add(value, axis);
            }, cancellation);
        double[] spreads = [.. Enumerable.Range(0, moments.Channels).Select(c => Math.Sqrt(moments.Variance(c))).Order()];
        double median = spreads[spreads.Length / 2];
        return median > 0 && double.IsFinite(median) ? Math.Abs(ElementaryFunctions.Log(median)) : null;
    }
}
