using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Reductions over any axes, and global pooling, which reduces the spatial ones.</summary>
[Lowers(LoweringForm.Native, typeof(IAxisReduction))]
internal sealed class ReduceLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Read(node, node.Inputs[0]);
        IAxisReduction reduction = node.As<IAxisReduction>()!;
        int[] axes = reduction.ReducedAxes(OperatorContext.Of(context.Graph, node));
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
        bool single = input.Element == ElementType.Float32;
        LoweredStep step = context.Step(
            single ? nameof(Float32Reduce) : nameof(NumericReduce), reduction.KernelMethod, node,
            $"{node.OpType} {outer}×{reduced}×{inner}")
            .Operand("input", input)
            .Write("output", output);
        if (!single)
            step.Int("elementType", (int)input.Element);
        step.Int("outer", outer).Int("reduced", reduced).Int("inner", inner);
    }

    private static bool Adjacent(int[] axes, Storage input)
    {
        for (int axis = axes[0]; axis <= axes[^1]; axis++)
            if (input.Dimensions[axis] != 1 && !axes.Contains(axis))
                return false;
        return true;
    }
}
