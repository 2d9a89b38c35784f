using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Pooling;

namespace OptimizerBuild.Passes;

/// <summary>
/// Moves Reshape behind elementwise nodes and global pools, so that these stand right behind the convolution or product that makes
/// their input and can be fused with it.
/// </summary>
internal sealed class ReshapeSinking : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (node.Outputs.Length != 1)
            return false;
        if (Elementwise.ArgumentOfFunction(editor, node) is { } argument)
            return Reshape(editor, argument) is { } before && Sink(editor, node, before, [.. node.Inputs.Select(i =>
                i == argument ? before.Input(0) : i.Length == 0 ? i : Scalar(editor, i))]);
        if (Elementwise.IsBinary(node))
            return TryBinary(editor, node);
        return node.Is<GlobalPoolOperator>() && TryPool(editor, node);
    }

    private static bool TryBinary(GraphEditor editor, Node node)
    {
        if (Reshape(editor, node.Input(0)) is not { } first)
            return false;
        TensorType inside = editor.TypeOf(first.Input(0)), outside = editor.TypeOf(node.Input(0));
        if (outside != editor.TypeOf(node.Outputs[0]))
            return false;
        if (Reshape(editor, node.Input(1)) is { } second && second.Name != first.Name)
            return editor.TypeOf(second.Input(0)) == inside && editor.TypeOf(node.Input(1)) == outside
                && Sink(editor, node, first, [first.Input(0), second.Input(0)]);
        return editor.Constant(node.Input(1)) is { Element: ElementType.Float32 } constant && Moved(constant, outside, inside) is { } moved
            && Sink(editor, node, first, [first.Input(0), editor.AddConstant(node.Input(1), moved)]);
    }

    // A global pool looks at all positions of a channel in whatever order and shape they are.
    private static bool TryPool(GraphEditor editor, Node node)
    {
        if (node.IsChannelsLast() || Reshape(editor, node.Input(0)) is not { } before)
            return false;
        TensorType inside = editor.TypeOf(before.Input(0)), outside = editor.TypeOf(node.Input(0));
        if (inside.Rank is < 3 or > 4 || !inside.Dimensions.AsSpan()[..2].SequenceEqual(outside.Dimensions.AsSpan()[..2]))
            return false;
        int[] pooled = [.. inside.Dimensions.Select((d, i) => i < 2 ? d : 1)];
        string value = editor.AddValue(node.Name + ".pooled", TensorType.Float32(pooled));
        Node reshape = ReshapeMerging.Reshape(editor, editor.UniqueName(node.Name + ".reshape"), value, node.Outputs[0]);
        editor.Replace(node, node with { Inputs = [before.Input(0)], Outputs = [value] }, reshape);
        editor.Prune(before.Outputs[0]);
        return true;
    }

    private static Node? Reshape(GraphEditor editor, string value) =>
        editor.Producer(value) is { } node && node.Is<ReshapeOperator>() && editor.HasSingleUse(value) ? node : null;

    private static bool Sink(GraphEditor editor, Node node, Node reshape, string[] inputs)
    {
        string value = editor.AddValue(node.Name + ".unshaped", editor.TypeOf(reshape.Input(0)));
        Node after = ReshapeMerging.Reshape(editor, editor.UniqueName(node.Name + ".reshape"), value, node.Outputs[0]);
        editor.Replace(node, ElementwiseFusion.Retyped(node, editor.TypeOf(value)) with { Inputs = [.. inputs], Outputs = [value] }, after);
        foreach (string input in node.Inputs)
            editor.Prune(input);
        return true;
    }

    // As a scalar the constant cannot raise the rank of the other operand.
    private static string Scalar(GraphEditor editor, string constant) => editor.Constant(constant) is { Rank: > 0,
        Element: ElementType.Float32 } value
        ? editor.AddConstant(constant, Tensor.Scalar(value.Values<float>()[0])) : constant;

    /// <summary>
    /// A constant operand for the value before a Reshape that adds or removes dimensions of size one only; null where the Reshape
    /// does more.
    /// </summary>
    private static Tensor? Moved(Tensor constant, TensorType outside, TensorType inside)
    {
        if (constant.Rank > outside.Rank)
            return null;
        int[] outer = [.. Enumerable.Range(0, outside.Rank).Where(i => outside.Dimensions[i] != 1)];
        int[] inner = [.. Enumerable.Range(0, inside.Rank).Where(i => inside.Dimensions[i] != 1)];
        if (!outer.Select(i => outside.Dimensions[i]).SequenceEqual(inner.Select(i => inside.Dimensions[i])))
            return null;
        var shape = new int[inside.Rank];
        Array.Fill(shape, 1);
        int skipped = outside.Rank - constant.Rank;
        for (int i = 0; i < outer.Length; i++)
            if (outer[i] >= skipped)
                shape[inner[i]] = constant.Dimensions[outer[i] - skipped];
        return constant.Reshape(shape);
    }
}
