using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Softmax and LogSoftmax along one axis.</summary>
[Lowers(LoweringForm.Native, "Softmax")]
[Lowers(LoweringForm.Native, "LogSoftmax")]
internal sealed class SoftmaxLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.ReadFloat32(node, node.Inputs[0]);
        int axis = Shapes.Axis(node.Int("axis", -1), input.Dimensions.Length);
        context.CreateFloat32(node, node.Outputs[0], output =>
        {
            if (output.Count == 0)
                return;
            string method = node.OpType == "Softmax" ? "Run" : "Logarithm";
            context.Step("Float32Softmax", method, node, $"{node.OpType} {NativeSteps.Text(input)} along axis {axis}")
                .Operand("input", input)
                .Write("output", output)
                .Int("outer", Shapes.Count(input.Dimensions.AsSpan()[..axis]))
                .Int("count", input.Dimensions[axis])
                .Int("inner", Shapes.Count(input.Dimensions.AsSpan()[(axis + 1)..]))
                .MayReuse(output, input);
        });
    }
}
