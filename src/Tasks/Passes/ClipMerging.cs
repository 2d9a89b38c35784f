using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Passes;

/// <summary>
/// Writes Max and Min with a constant as Clip, merges clips that follow each other, removes those that cut nothing, and writes those
/// that cut at zero only as Relu.
/// </summary>
internal sealed class ClipMerging : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (Bounds(editor, node) is not { } found || editor.TypeOf(node.Outputs[0]) is not { Element: ElementType.Float32 } type
            || editor.TypeOf(found.Input) != type)
            return false;
        (string input, float minimum, float maximum) = found;
        bool merged = false;
        if (editor.Producer(input) is { } inner && inner.Outputs.Length == 1 && editor.HasSingleUse(input)
            && Bounds(editor, inner) is { } first
            && editor.TypeOf(first.Input) == type)
        {
            // clamp(clamp(x, a, b), c, d) = clamp(x, clamp(a, c, d), clamp(b, c, d))
            (minimum, maximum) = (Math.Clamp(first.Minimum, minimum, maximum), Math.Clamp(first.Maximum, minimum, maximum));
            input = first.Input;
            merged = true;
        }
        else if (minimum == float.NegativeInfinity && maximum == float.PositiveInfinity)
        {
            return editor.TryBypass(node, input);
        }
        Node result = Clip(editor, node, input, minimum, maximum);
        if (!merged && (node.Is<ReluOperator>() || (node.Is<ClipOperator>() && result.Is<ClipOperator>())))
            return false;
        editor.Replace(node, result);
        if (merged)
            editor.Prune(found.Input);
        return true;
    }

    private static Node Clip(GraphEditor editor, Node node, string input, float minimum, float maximum)
    {
        if (minimum == 0 && maximum == float.PositiveInfinity)
            return NodeOperators.New<ReluOperator>(node.Name, [input], node.Outputs);
        return NodeOperators.New<ClipOperator>(
            node.Name, [input, Bound(editor, node, "min", minimum), Bound(editor, node, "max", maximum)], node.Outputs);
    }

    private static string Bound(GraphEditor editor, Node node, string name, float value) =>
        float.IsInfinity(value) ? "" : editor.AddConstant($"{node.Name}.{name}", Tensor.Scalar(value));

    private static (string Input, float Minimum, float Maximum)? Bounds(GraphEditor editor, Node node)
    {
        if (Elementwise.Bounds(editor, node) is { } bounds)
            return (node.Input(0), bounds.Minimum, bounds.Maximum);
        if (!(node.Is<MaxOperator>() || node.Is<MinOperator>()) || !Elementwise.IsBinary(node))
            return null;
        for (int i = 0; i < 2; i++)
            if (Elementwise.Uniform(editor.Constant(node.Input(i))) is { } bound && !float.IsNaN(bound)
                && editor.Constant(node.Input(1 - i)) is null)
                return node.Is<MaxOperator>() ? (node.Input(1 - i), bound, float.PositiveInfinity)
                    : (node.Input(1 - i), float.NegativeInfinity, bound);
        return null;
    }
}
