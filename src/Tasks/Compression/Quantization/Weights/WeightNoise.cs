using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// What fewer bits do to the weights of each layer, where no samples tell what that does to the outputs: the error of rounding to the
/// nearest level in proportion to the weights' power, which is the layer's noise as long as its inputs are alike and independent.
/// </summary>
internal static class WeightNoise
{
    /// <summary>The errors, for all layers of which no rule says the precision.</summary>
    /// <param name="graph">The float graph.</param>
    /// <param name="rules">What holds in single layers.</param>
    /// <remarks>Layers that read the model's inputs or make its outputs, and depthwise ones, get no signs.</remarks>
    public static IReadOnlyList<LayerBits> Of(Graph graph, LayerRules rules)
    {
        var candidates = new QuantizableGraph(graph);
        var costs = new List<LayerBits>();
        foreach (QuantizableNode node in candidates.Nodes)
        {
            if (node.Form != IntegerForm.DotProduct || node.Layer is not { } layer || rules.PrecisionOf(node.Node.Origin) is not null)
                continue;
            double eight = Noise(layer, WeightLevels.Bits8);
            bool takesSigns = !candidates.IsOuter(node) && !(layer.Groups > 1 && layer.Groups == layer.InputChannels);
            foreach (ModelPrecision precision in (ModelPrecision[])[ModelPrecision.Int4, ModelPrecision.Ternary, ModelPrecision.Binary])
            {
                var levels = WeightLevels.Of(precision);
                if (takesSigns || !levels.IsSigns)
                    costs.Add(new(node.Node.Origin, precision, Math.Max(Noise(layer, levels) - eight, 0), layer.Weights.Length));
            }
        }
        return costs;
    }

    private static double Noise(DotProductLayer layer, WeightLevels levels) =>
        WeightQuantizer.Noise(layer, WeightQuantizer.Round(layer, null, correctsBias: false, levels: levels), null);
}
