using OptimizerBuild.Graphs;

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
        bool pool = node.Is("AveragePool");
        if (!(node.Is("Conv") || pool) || editor.Producer(node.Input(0)) is not { } pad || !pad.Is("Pad")
            || !editor.HasSingleUse(node.Input(0))
            || pad.Text("mode", "constant") != "constant" || pad.HasInput(3) || editor.Constant(pad.Input(1)) is not { } padding
            || node.Text("auto_pad", "NOTSET") is not ("NOTSET" or "VALID"))
            return false;
        if (pad.HasInput(2) && Elementwise.Uniform(editor.Constant(pad.Input(2))) is not 0f)
            return false;
        int rank = editor.TypeOf(node.Input(0)).Rank;
        long[] around = padding.ToInt64();
        int first = node.Int("channels_last", 0) != 0 ? 1 : 2;
        int spatial = rank - 2;
        for (int axis = 0; axis < rank; axis++)
        {
            bool moves = axis >= first && axis < first + spatial;
            if (moves ? around[axis] < 0 || around[rank + axis] < 0 : around[axis] != 0 || around[rank + axis] != 0)
                return false;
        }
        long[] own = node.Ints("pads") ?? new long[2 * spatial];
        bool counts = node.Int("count_include_pad", 0) != 0;
        if (pool && (node.Int("ceil_mode", 0) != 0 || (!counts && own.Any(p => p != 0))))
            return false;
        var pads = new long[2 * spatial];
        for (int i = 0; i < spatial; i++)
        {
            pads[i] = own[i] + around[first + i];
            pads[spatial + i] = own[spatial + i] + around[rank + first + i];
        }
        // Pooling kernels demand that a window is not all padding.
        if (pool && node.Ints("kernel_shape") is { } kernel
            && Enumerable.Range(0, spatial).Any(i => pads[i] >= kernel[i] || pads[spatial + i] >= kernel[i]))
            return false;
        Node fused = node.Without("auto_pad").With("pads", pads) with { Inputs = node.Inputs.SetItem(0, pad.Input(0)) };
        editor.Replace(node, pool ? fused.With("count_include_pad", 1) : fused);
        editor.Remove(pad);
        return true;
    }
}
