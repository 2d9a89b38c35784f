using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Compression.Quantization.Prequantized;

/// <summary>
/// Layers whose integers less their zero point need nine bits with their sign, as u8 weights do whose zero point is not near 128. Input
/// channels of which a weight leaves −128…127 are read twice (rarely three times), and such a weight becomes a sum of as many: the products
/// are those of the model, each exact, in the kernels for 8 bits.
/// </summary>
internal static class WideWeights
{
    /// <summary>Whether a layer's weights can be written so.</summary>
    public static bool Splits(QuantizableNode node) =>
        node.Form == IntegerForm.DotProduct && node.Layer is { } layer && !IsDepthwise(layer) && LevelGrid.Wide(layer) is not null;

    /// <summary>Whether a layer's weights could be written so if its kernels read a channel more than once.</summary>
    public static bool AreDepthwise(DotProductLayer layer) => IsDepthwise(layer) && LevelGrid.Wide(layer) is not null;

    /// <summary>Writes the layers so that would otherwise run in float32, although the levels of what they read are known.</summary>
    /// <param name="graph">A graph after the passes.</param>
    /// <param name="options">Which layers run in float32 all the same.</param>
    public static Graph Rewrite(Graph graph, QuantizationOptions options)
    {
        var known = new QuantizableGraph(graph);
        var scales = new OwnScales(known, options);
        IReadOnlySet<string> measured = DynamicLayers.WithWideWeights(known, options);
        QuantizableNode[] layers = [.. known.Nodes.Where(n =>
            (scales.Reason(n.Node) == OwnScales.NoGrid && Splits(n)) || measured.Contains(n.Node.Name))];
        if (layers.Length == 0)
            return graph;
        var editor = new GraphEditor(graph);
        foreach (QuantizableNode layer in layers)
            Split(editor, layer.Node, layer.Layer!);
        return editor.ToGraph();
    }

    private static bool IsDepthwise(DotProductLayer layer) => layer.Groups > 1 && layer.Groups == layer.InputChannels;

    private static void Split(GraphEditor editor, Node node, DotProductLayer layer)
    {
        (int[] values, double[] scales) = LevelGrid.Wide(layer)!.Value;
        int perGroup = layer.InputChannels / layer.Groups, area = layer.Length / perGroup;
        int[] order = Order(layer, values, perGroup, area);

        // The input, with some of its channels again behind those of their group.
        TensorType type = editor.TypeOf(node.Inputs[0]);
        int axis = layer.InputAxis < 0 ? type.Rank + layer.InputAxis : layer.InputAxis;
        long[] places = [.. Enumerable.Range(0, layer.Groups).SelectMany(g => order.Select(i => (long)((g * perGroup) + i)))];
        string wide = editor.AddValue(node.Inputs[0] + ".again", new(type.Element, type.Dimensions.SetItem(axis, places.Length)));
        Node again = NodeOperators.New<GatherOperator>(editor.UniqueName(node.Name + ".again"),
            [node.Inputs[0], editor.AddConstant(node.Name + ".channels", Tensor.Of(places, places.Length))], [wide]).With("axis", axis);

        // Each weight's first part stands at the channel itself, what is left of it at the channel's copies.
        int length = order.Length * area;
        var rows = new float[layer.Channels * length];
        for (int c = 0; c < layer.Channels; c++)
        {
            int[] left = [.. Enumerable.Range(0, layer.Length).Select(k => values[layer.Index(c, k)])];
            for (int k = 0; k < length; k++)
            {
                ref int rest = ref left[(order[k / area] * area) + (k % area)];
                int part = Math.Clamp(rest, sbyte.MinValue, sbyte.MaxValue);
                rest -= part;
                rows[(c * length) + k] = (float)(part * scales[c]);
            }
        }
        editor.Replace(node, again, node with
        {
            Inputs = node.Inputs.SetItem(0, wide).SetItem(1, editor.AddConstant(node.Inputs[1], Weights(editor, node, rows, length))),
        });
    }

    // The channels of a group, then those that are read again.
    private static int[] Order(DotProductLayer layer, int[] values, int perGroup, int area)
    {
        var parts = new int[perGroup];
        for (int c = 0; c < layer.Channels; c++)
            for (int k = 0; k < layer.Length; k++)
            {
                int value = values[layer.Index(c, k)];
                int needed = value > 0 ? (value + sbyte.MaxValue - 1) / sbyte.MaxValue : (sbyte.MinValue + 1 + value) / sbyte.MinValue;
                parts[k / area] = Math.Max(parts[k / area], needed);
            }
        return [.. Enumerable.Range(0, perGroup),
            .. Enumerable.Range(1, 2).SelectMany(copy => Enumerable.Range(0, perGroup).Where(i => parts[i] > copy))];
    }

    // Rows of weights in the order of the node's weight tensor.
    private static Tensor Weights(GraphEditor editor, Node node, float[] rows, int length)
    {
        TensorType type = editor.TypeOf(node.Inputs[1]);
        if (node.As<IMatrixProduct>() is not { } product)
            return Tensor.Of(rows, [.. type.Dimensions.SetItem(1, length / Shapes.Count(type.Dimensions.AsSpan()[2..]))]);
        float factor = product.ProductFactor(node);
        float[] weights = factor == 1 ? rows : Array.ConvertAll(rows, w => w / factor);
        int channels = weights.Length / length;
        return product.TransposesSecond(node) ? Tensor.Of(weights, channels, length)
            : Tensor.Of([.. Enumerable.Range(0, weights.Length).Select(i => weights[(i % channels * length) + (i / channels)])],
                length, channels);
    }
}
