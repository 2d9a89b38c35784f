using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Layers of a graph whose weights are those of an earlier one, or these times a number: layers that are applied several times (Z. Lan et
/// al., "ALBERT", arXiv 1909.11942, section 3.1), tied matrices, copies that an exporter made. With the same integers they are stored once.
/// </summary>
internal sealed class EqualLayers
{
    // In proportion to the greatest weight: what rounding of float32 products leaves between a matrix and its multiple.
    private const double Tolerance = 1e-6;

    private const int SignsOfKey = 64;

    private readonly Dictionary<string, (QuantizableNode Layer, double Factor)> _originals = new(StringComparer.Ordinal);

    /// <summary>Finds them.</summary>
    public EqualLayers(QuantizableGraph graph)
    {
        var known = new Dictionary<(int Channels, int Length, int Groups, int Place, ulong Signs), List<QuantizableNode>>();
        foreach (QuantizableNode node in graph.Nodes.Where(n => n.Form == IntegerForm.DotProduct))
        {
            DotProductLayer layer = node.Layer!;
            int place = Place(layer.Weights);
            if (layer.Weights[place] == 0)
                continue;
            var key = (layer.Channels, layer.Length, layer.Groups, place, Signs(layer.Weights));
            if (!known.TryGetValue(key, out List<QuantizableNode>? candidates))
                known[key] = candidates = [];
            if (candidates.FirstOrDefault(c => Factor(c.Layer!, layer, place) is not null) is { } original)
                _originals[node.Node.Name] = (original, Factor(original.Layer!, layer, place)!.Value);
            else
                candidates.Add(node);
        }
    }

    /// <summary>The first layer with a layer's weights, and the number by which its weights are multiplied; null: there is none.</summary>
    public (QuantizableNode Layer, double Factor)? OriginalOf(QuantizableNode node) =>
        _originals.TryGetValue(node.Node.Name, out (QuantizableNode, double) original) ? original : null;

    private static double? Factor(DotProductLayer original, DotProductLayer layer, int place)
    {
        if (original.IsMatrix != layer.IsMatrix || original.Index(1 % layer.Channels, 0) != layer.Index(1 % layer.Channels, 0))
            return null;
        double greatest = layer.Weights[place], factor = greatest / original.Weights[place];
        if (ReferenceEquals(original.Weights, layer.Weights))
            return 1;
        for (int i = 0; i < layer.Weights.Length; i++)
            if (!(Math.Abs(layer.Weights[i] - (factor * original.Weights[i])) <= Tolerance * Math.Abs(greatest)))
                return null;
        return factor;
    }

    private static int Place(float[] weights)
    {
        int place = 0;
        for (int i = 1; i < weights.Length; i++)
            if (Math.Abs(weights[i]) > Math.Abs(weights[place]))
                place = i;
        return place;
    }

    private static ulong Signs(float[] weights)
    {
        ulong signs = 0;
        for (int i = 0; i < Math.Min(weights.Length, SignsOfKey); i++)
            signs |= (weights[i] < 0 ? 1UL : 0) << i;
        return signs;
    }
}
