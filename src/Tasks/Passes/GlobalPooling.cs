using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Pooling;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Passes;

/// <summary>
/// Writes means and maxima over all positions of a feature map as GlobalAveragePool and GlobalMaxPool: ReduceMean and ReduceMax over
/// the spatial axes, and pooling windows as large as the map.
/// </summary>
internal sealed class GlobalPooling : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Outputs.Skip(1).Any(o => o.Length > 0) || node.HasActivation())
            return false;
        return node.As<Operator>() switch
        {
            ReduceMeanOperator => TryReduction<GlobalAveragePoolOperator>(editor, node),
            ReduceMaxOperator => TryReduction<GlobalMaxPoolOperator>(editor, node),
            AveragePoolOperator => TryWindow<GlobalAveragePoolOperator>(editor, node),
            MaxPoolOperator => TryWindow<GlobalMaxPoolOperator>(editor, node),
            _ => false,
        };
    }

    private static bool TryReduction<T>(GraphEditor editor, Node node)
        where T : GlobalPoolOperator
    {
        TensorType type = editor.TypeOf(node.Input(0));
        if (type is not { Element: ElementType.Float32, Rank: 3 or 4 }
            || editor.Constant(node.Input(1))?.ToInt64() is not { Length: > 0 } given)
            return false;
        int[] axes = [.. given.Select(a => Shapes.Axis(a, type.Rank)).Order()];
        if (LayoutOf(editor, node.Input(0)) is not { } channelsLast
            || !axes.AsSpan().SequenceEqual([.. Enumerable.Range(channelsLast ? 1 : 2, type.Rank - 2)]))
            return false;
        int[] dimensions = [.. type.Dimensions.Select((d, i) => axes.Contains(i) ? 1 : d)];
        string pooled = ReduceOperator.KeepsDimensions(node) ? node.Outputs[0]
            : editor.AddValue(node.Name + ".pooled", TensorType.Float32(dimensions));
        Node pool = NodeOperators.New<T>(node.Name, [node.Input(0)], [pooled]);
        if (channelsLast)
            pool = pool.WithChannelsLast();
        if (pooled == node.Outputs[0])
            editor.Replace(node, pool);
        else
            editor.Replace(node, pool, ReshapeMerging.Reshape(editor, editor.UniqueName(node.Name + ".squeeze"), pooled, node.Outputs[0]));
        return true;
    }

    private static bool TryWindow<T>(GraphEditor editor, Node node)
        where T : GlobalPoolOperator
    {
        TensorType type = editor.TypeOf(node.Input(0)), result = editor.TypeOf(node.Outputs[0]);
        int first = node.FirstSpatialAxis();
        if (type.Element != ElementType.Float32 || WindowAttributes.Kernel(node) is not { } kernel
            || (WindowAttributes.Pads(node) ?? []).Any(p => p != 0)
            || (WindowAttributes.Dilations(node) ?? []).Any(d => d != 1) || kernel.Length != type.Rank - 2)
            return false;
        for (int i = 0; i < kernel.Length; i++)
            if (kernel[i] != type.Dimensions[first + i] || result.Dimensions[first + i] != 1)
                return false;
        Node pool = NodeOperators.New<T>(node.Name, [node.Input(0)], node.Outputs);
        editor.Replace(node, first == 1 ? pool.WithChannelsLast() : pool);
        return true;
    }

    // Whether a value is a feature map with its channels last (true) or second (false), as the convolution or pooling that it comes
    // from says; null where it comes from none.
    private static bool? LayoutOf(GraphEditor editor, string value)
    {
        while (editor.Producer(value) is { } node)
        {
            if (node.Is<IWindow>())
                return node.IsChannelsLast();
            if (!Elementwise.IsUnary(node) && !Elementwise.IsBinary(node) && !node.Is<ConcatOperator>() && !node.Is<PadOperator>())
                return null;
            value = node.Inputs.FirstOrDefault(i => i.Length > 0 && editor.Constant(i) is null
                && editor.TypeOf(i).Rank == editor.TypeOf(node.Outputs[0]).Rank) ?? "";
        }
        return null;
    }
}
