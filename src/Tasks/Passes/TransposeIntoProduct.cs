using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Passes;

/// <summary>
/// Removes a transposition whose result is flattened and multiplied with constant weights, by putting the weights' rows into the
/// order in which the elements stand before it: what is left of a channels-last network before its classifier.
/// </summary>
internal sealed class TransposeIntoProduct : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        if (!(node.Is<GemmOperator>() || node.Is<MatMulOperator>()) || LinearLayer.Of(editor, node) is not { InputType.Rank: 2 } layer
            || editor.Producer(node.Input(0)) is not { } reshape || !reshape.Is<ReshapeOperator>()
            || editor.Producer(reshape.Input(0)) is not { } transpose || !transpose.Is<TransposeOperator>()
            || TransposeOperator.Permutation(transpose) is not { } perm)
            return false;
        TensorType from = editor.TypeOf(transpose.Input(0)), to = editor.TypeOf(reshape.Input(0));
        int rows = layer.InputType.Dimensions[0];
        // Every row must stay a row.
        if (rows != 1 && (perm[0] != 0 || from.Dimensions[0] != rows))
            return false;
        string flat = editor.AddValue(node.Name + ".flat", layer.InputType);
        Node product = layer.WithInputOrder(editor, Order(from, to, perm, layer.Inputs));
        editor.Replace(node,
            ReshapeMerging.Reshape(editor, editor.UniqueName(node.Name + ".flatten"), transpose.Input(0), flat),
            product with { Inputs = product.Inputs.SetItem(0, flat) });
        editor.Prune(reshape.Outputs[0]);
        return true;
    }

    // For each element of the first row before the transposition its place behind it.
    private static int[] Order(TensorType from, TensorType to, long[] perm, int count)
    {
        int[] strides = Shapes.Strides(to.Dimensions.AsSpan());
        var steps = new int[perm.Length];
        for (int i = 0; i < perm.Length; i++)
            steps[perm[i]] = strides[i];
        var order = new int[count];
        var index = new int[perm.Length];
        int place = 0;
        for (int i = 0; i < count; i++)
        {
            order[i] = place;
            for (int axis = perm.Length - 1; axis >= 0; axis--)
            {
                place += steps[axis];
                if (++index[axis] < from.Dimensions[axis])
                    break;
                place -= steps[axis] * from.Dimensions[axis];
                index[axis] = 0;
            }
        }
        return order;
    }
}
