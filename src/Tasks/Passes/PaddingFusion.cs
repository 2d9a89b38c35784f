using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Movement;
using OptimizerBuild.Operators.Pooling;

namespace OptimizerBuild.Passes;

/// <summary>
/// Moves padding with zeros into the Conv behind it, or into the AveragePool behind it where that counts padding anyway or has none
/// of its own to leave out.
/// </summary>
internal sealed class PaddingFusion : LocalRewrite
{
    /// <inheritdoc/>
    protected override bool TryRewrite(GraphEditor editor, Node node)
    {
        bool pool = node.Is<AveragePoolOperator>();
        if (!(node.Is<ConvOperator>() || pool) || editor.Producer(node.Input(0)) is not { } pad || !pad.Is<PadOperator>()
            || !editor.HasSingleUse(node.Input(0))
            || !PadOperator.IsConstant(pad) || pad.HasInput(3) || editor.Constant(pad.Input(1)) is not { } padding)
            return false;
        if (pad.HasInput(2) && Elementwise.Uniform(editor.Constant(pad.Input(2))) is not 0f)
            return false;
        int rank = editor.TypeOf(node.Input(0)).Rank;
        long[] around = padding.ToInt64();
        int first = node.FirstSpatialAxis();
        int spatial = rank - 2;
        for (int axis = 0; axis < rank; axis++)
        {
            bool moves = axis >= first && axis < first + spatial;
            if (moves ? around[axis] < 0 || around[rank + axis] < 0 : around[axis] != 0 || around[rank + axis] != 0)
                return false;
        }
        long[] own = WindowAttributes.Pads(node) ?? new long[2 * spatial];
        bool counts = AveragePoolOperator.CountsPadding(node);
        if (pool && (WindowAttributes.RoundsUp(node) || (!counts && own.Any(p => p != 0))))
            return false;
        var pads = new long[2 * spatial];
        for (int i = 0; i < spatial; i++)
        {
            pads[i] = own[i] + around[first + i];
            pads[spatial + i] = own[spatial + i] + around[rank + first + i];
        }
        // Pooling kernels demand that a window is not all padding.
        if (pool && WindowAttributes.Kernel(node) is { } kernel
            && Enumerable.Range(0, spatial).Any(i => pads[i] >= kernel[i] || pads[spatial + i] >= kernel[i]))
            return false;
        Node fused = WindowAttributes.WithPads(node, pads) with { Inputs = node.Inputs.SetItem(0, pad.Input(0)) };
        editor.Replace(node, pool ? AveragePoolOperator.WithPaddingCounted(fused) : fused);
        editor.Remove(pad);
        return true;
    }
}
