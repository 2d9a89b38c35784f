using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Sums and products up to each place along an axis.</summary>
[Lowers(LoweringForm.Native, typeof(CumulativeOperator))]
internal sealed class CumulativeLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        int axis = CumulativeOperator.AxisOf(OperatorContext.Of(context.Graph, node));
        context.Step(nameof(Cumulative), node.As<CumulativeOperator>()!.KernelMethod, node,
                $"{node.OpType} {NativeSteps.Text(input)} along axis {axis}")
            .Operand("input", input)
            .Write("output", output)
            .Int("elementType", (int)input.Element)
            .Int("outer", Shapes.Count(input.Dimensions.AsSpan()[..axis]))
            .Int("count", input.Dimensions[axis])
            .Int("inner", Shapes.Count(input.Dimensions.AsSpan()[(axis + 1)..]))
            .Int("exclusive", CumulativeOperator.IsExclusive(node) ? 1 : 0)
            .Int("reverse", CumulativeOperator.IsReverse(node) ? 1 : 0);
    }
}
