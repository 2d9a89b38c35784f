using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Reductions over any axes, and global pooling, which reduces the spatial ones.</summary>
[Lowers(LoweringForm.Native, "ReduceMean")]
[Lowers(LoweringForm.Native, "ReduceMax")]
[Lowers(LoweringForm.Native, "ReduceMin")]
[Lowers(LoweringForm.Native, "ReduceSum")]
[Lowers(LoweringForm.Native, "ReduceProd")]
[Lowers(LoweringForm.Native, "GlobalAveragePool")]
[Lowers(LoweringForm.Native, "GlobalMaxPool")]
internal sealed class ReduceLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Read(node, node.Inputs[0]);
        int[] axes = Axes(context, node, input.Dimensions.Length);
        if (axes.Length == 0)
        {
            context.Alias(node.Outputs[0], input);
            return;
        }
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;

        // Where other axes stand between the reduced ones, these go to the end.
        int rank = input.Dimensions.Length;
        if (!Adjacent(axes, input))
        {
            int[] kept = [.. Enumerable.Range(0, rank).Except(axes)];
            input = input.Permuted([.. kept, .. axes]);
            axes = [.. Enumerable.Range(kept.Length, axes.Length)];
        }
        input = context.Dense(node, input);
        int outer = Shapes.Count(input.Dimensions.AsSpan()[..axes[0]]);
        int inner = Shapes.Count(input.Dimensions.AsSpan()[(axes[^1] + 1)..]);
        int reduced = Shapes.Count(input.Dimensions.AsSpan()[axes[0]..(axes[^1] + 1)]);
        string method = node.OpType switch
        {
            "GlobalAveragePool" => "Mean",
            "GlobalMaxPool" => "Max",
            _ => node.OpType["Reduce".Length..],
        };
        bool single = input.Element == ElementType.Float32;
        LoweredStep step = context.Step(
            single ? "Float32Reduce" : "NumericReduce", method, node, $"{node.OpType} {outer}×{reduced}×{inner}")
            .Operand("input", input)
            .Write("output", output);
        if (!single)
            step.Int("elementType", (int)input.Element);
        step.Int("outer", outer).Int("reduced", reduced).Int("inner", inner);
    }

    private static int[] Axes(LoweringContext context, Node node, int rank)
    {
        if (node.OpType.StartsWith("Global", StringComparison.Ordinal))
            return [.. Enumerable.Range(node.Int("channels_last", 0) != 0 ? 1 : 2, rank - 2)];
        long[] given = OperatorContext.Of(context.Graph, node).ConstantInts(1) ?? [];
        if (given.Length == 0)
            return node.Int("noop_with_empty_axes", 0) != 0 ? [] : [.. Enumerable.Range(0, rank)];
        return [.. given.Select(a => Shapes.Axis(a, rank)).Distinct().Order()];
    }

    private static bool Adjacent(int[] axes, Storage input)
    {
        for (int axis = axes[0]; axis <= axes[^1]; axis++)
            if (input.Dimensions[axis] != 1 && !axes.Contains(axis))
                return false;
        return true;
    }
}
