using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Passes;

/// <summary>
/// Writes Flatten, Squeeze and Unsqueeze, and transpositions that move only dimensions of size one, as Reshape to a constant shape, and
/// merges Reshapes that follow each other: none of them moves an element, so only the last shape counts.
/// </summary>
internal sealed class ReshapeMerging : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!KeepsElementOrder(editor, node))
            return false;
        bool changed = false;
        string input = node.Input(0);
        while (editor.Producer(input) is { } producer && KeepsElementOrder(editor, producer))
        {
            input = producer.Input(0);
            changed = true;
        }
        TensorType type = editor.TypeOf(node.Outputs[0]);
        if (!changed && node.Is<ReshapeOperator>() && node.Inputs.Length == 2 && editor.Constant(node.Input(1)) is { } shape
            && shape.ToInt64().AsSpan().SequenceEqual(type.Dimensions.Select(d => (long)d).ToArray()))
            return false;
        string before = node.Input(0);
        editor.Replace(node, Reshape(editor, node.Name, input, node.Outputs[0]));
        editor.Prune(before);
        return true;
    }

    /// <summary>A Reshape of a value to the type of its output.</summary>
    public static Node Reshape(GraphEditor editor, string name, string input, string output)
    {
        long[] shape = [.. editor.TypeOf(output).Dimensions.Select(d => (long)d)];
        return NodeOperators.New<ReshapeOperator>(
            name, [input, editor.AddConstant(output + ".shape", Tensor.Of(shape, shape.Length))], [output]);
    }

    /// <summary>Whether a node changes dimensions only.</summary>
    public static bool KeepsElementOrder(GraphEditor editor, Node node) =>
        editor.Constant(node.Input(0)) is null
            && ((node.Is<ReshapingOperator>() && !node.Is<IdentityOperator>())
            || (node.Is<TransposeOperator>() && TransposeOperator.Permutation(node) is { } perm
                && MovesOnlyOnes(editor.TypeOf(node.Input(0)), perm)));

    private static bool MovesOnlyOnes(TensorType type, long[] perm)
    {
        long last = -1;
        foreach (long axis in perm)
        {
            if (type.Dimensions[(int)axis] == 1)
                continue;
            if (axis < last)
                return false;
            last = axis;
        }
        return true;
    }
}
