using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Softmax and LogSoftmax along one axis.</summary>
[Lowers(LoweringForm.Native, typeof(AxisFunction))]
internal sealed class SoftmaxLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.ReadFloat32(node, node.Inputs[0]);
        int axis = Shapes.Axis(AxisFunction.Axis(node), input.Dimensions.Length);
        context.CreateFloat32(node, node.Outputs[0], output =>
        {
            if (output.Count == 0)
                return;
            context.Step("Float32Softmax", node.As<AxisFunction>()!.FloatMethod, node,
                    $"{node.OpType} {NativeSteps.Text(input)} along axis {axis}")
                .Operand("input", input)
                .Write("output", output)
                .Int("outer", Shapes.Count(input.Dimensions.AsSpan()[..axis]))
                .Int("count", input.Dimensions[axis])
                .Int("inner", Shapes.Count(input.Dimensions.AsSpan()[(axis + 1)..]))
                .MayReuse(output, input);
        });
    }
}
