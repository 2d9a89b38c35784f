using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Movement;

/// <summary>
/// Operators that only look at the same elements in another way: reshaping, transposing, slicing, splitting, repeating. They emit
/// no step; whoever reads the view copies it where a kernel needs adjacent elements.
/// </summary>
[Lowers(LoweringForm.Native, typeof(MovementOperator))]
[Lowers(LoweringForm.Integer, typeof(MovementOperator))]
internal sealed class ViewLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.ReadInForm(node, node.Inputs[0]);
        switch (node.As<Operator>())
        {
            case TransposeOperator:
                int[] order = TransposeOperator.Order(OperatorContext.Of(context.Graph, node));
                context.Alias(node.Outputs[0], input.Permuted(order));
                break;
            case SliceOperator:
                context.Alias(node.Outputs[0], Slice(context, node, input));
                break;
            case SplitOperator:
                Split(context, node, input);
                break;
            case ExpandOperator:
                context.Alias(node.Outputs[0], input.Broadcast(context.Graph.TypeOf(node.Outputs[0]).Dimensions));
                break;
            case IKeepsElementOrder:
                context.Alias(node.Outputs[0], context.Reshaped(node, input, context.Graph.TypeOf(node.Outputs[0]).Dimensions));
                if (node.HasOutput(1))
                    context.Fill(node, context.Create(node.Outputs[1]), 1, "mask of Dropout: nothing is dropped");
                break;
            default:
                throw LoweringContext.NoKernel(node, "it is no view of its input");
        }
    }

    private static Storage Slice(LoweringContext context, Node node, Storage input)
    {
        var facts = OperatorContext.Of(context.Graph, node);
        long[] starts = facts.ConstantInts(1)!;
        long[] steps = facts.ConstantInts(4) ?? [.. starts.Select(_ => 1L)];
        long[] axes = facts.ConstantInts(3) ?? [.. Enumerable.Range(0, starts.Length).Select(i => (long)i)];
        TensorType output = context.Graph.TypeOf(node.Outputs[0]);
        Storage view = input;
        for (int i = 0; i < axes.Length; i++)
        {
            int axis = Shapes.Axis(axes[i], input.Dimensions.Length);
            int size = input.Dimensions[axis];
            long start = starts[i] < 0 ? starts[i] + size : starts[i];
            start = steps[i] > 0 ? Math.Clamp(start, 0, size) : Math.Clamp(start, 0, Math.Max(size - 1, 0));
            // A step beyond the size takes one element only; its length does not matter then.
            view = view.Cut(axis, (int)start, output.Dimensions[axis], (int)Math.Clamp(steps[i], -size - 1, size + 1));
        }
        return view;
    }

    private static void Split(LoweringContext context, Node node, Storage input)
    {
        int axis = Shapes.Axis(SplitOperator.Axis(node), input.Dimensions.Length);
        long[]? lengths = OperatorContext.Of(context.Graph, node).ConstantInts(1);
        int start = 0;
        int chunk = (input.Dimensions[axis] + node.Outputs.Length - 1) / Math.Max(node.Outputs.Length, 1);
        for (int i = 0; i < node.Outputs.Length; i++)
        {
            int count = lengths is not null ? checked((int)lengths[i]) : Math.Min(chunk, input.Dimensions[axis] - start);
            if (node.Outputs[i].Length > 0)
                context.Alias(node.Outputs[i], input.Cut(axis, start, count));
            start += count;
        }
    }
}
