using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Resampling along one axis.</summary>
[Lowers(LoweringForm.Native, typeof(AxisResamplingOperator))]
internal sealed class AxisResamplingLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage places = context.Dense(node, context.Read(node, node.Inputs[1]));
        Storage weights = context.Dense(node, context.Read(node, node.Inputs[2]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        int axis = Shapes.Axis(AxisResamplingOperator.Axis(node), input.Dimensions.Length);
        context.Step(nameof(Float32Resample), nameof(Float32Resample.Run), node,
                $"{NativeSteps.Text(input)} → {NativeSteps.Text(output)}, {places.Dimensions[1]} taps")
            .Operand("input", input)
            .Operand("places", places)
            .Operand("weights", weights)
            .Write("output", output)
            .Int("outer", Shapes.Count(input.Dimensions.AsSpan()[..axis]))
            .Int("count", input.Dimensions[axis])
            .Int("inner", Shapes.Count(input.Dimensions.AsSpan()[(axis + 1)..]))
            .Int("outputs", places.Dimensions[0])
            .Int("taps", places.Dimensions[1]);
    }
}
