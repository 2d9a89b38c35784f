using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Softmax along one axis in fixed point, from and to u8 or s32, and LogSoftmax, to s32 only.</summary>
[Lowers(LoweringForm.Integer, typeof(AxisFunction))]
internal sealed class SoftmaxLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.ReadQuantized(node, node.Inputs[0]));
        Storage output = context.CreateQuantized(node.Outputs[0]);
        int axis = Shapes.Axis(AxisFunction.Axis(node), input.Dimensions.Length);
        int length = input.Dimensions[axis];
        int outer = Shapes.Count(input.Dimensions.AsSpan()[..axis]);
        int inner = Shapes.Count(input.Dimensions.AsSpan()[(axis + 1)..]);
        FixedPointMultipliers factor = FixedPointPower.Factor(input.Quantization!.Scale);
        string from = input.Quantization.Type == ActivationType.S32 ? "Int32" : "UInt8";
        string to = output.Quantization!.Type == ActivationType.S32 ? "Int32" : "UInt8";
        context.Step(node.As<AxisFunction>()!.IntegerKernel, $"{from}To{to}", node,
                $"{node.OpType} {context.Graph.TypeOf(node.Outputs[0]).Extents}")
            .Read("input", input)
            .Int("inputOuterStride", length * inner * input.ElementSize)
            .Int("inputStep", inner * input.ElementSize)
            .Write("output", output)
            .Int("outputOuterStride", length * inner * output.ElementSize)
            .Int("outputStep", inner * output.ElementSize)
            .Int("multiplier", factor.Multipliers[0])
            .Int("shift", factor.Shift)
            .Int("outer", outer)
            .Int("length", length)
            .Int("inner", inner);
    }
}
