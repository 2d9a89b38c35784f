using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Lowering.Movement;

/// <summary>Feature maps read at places that a grid names; other real types than float32 are computed in float32.</summary>
[Lowers(LoweringForm.Native, typeof(GridSampleOperator))]
internal sealed class GridSampleLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node) => context.CreateFloat32(node, node.Outputs[0], output =>
    {
        if (output.Count == 0)
            return;
        Storage input = context.ReadFloat32(node, node.Inputs[0]), grid = context.ReadFloat32(node, node.Inputs[1]);
        context.Step(nameof(Float32GridSample), nameof(Float32GridSample.Run), node,
                $"{NativeSteps.Text(input)} at {NativeSteps.Text(grid)}")
            .Operand("input", input)
            .Operand("grid", grid)
            .Write("output", output)
            .Int("images", input.Dimensions[0])
            .Int("channels", input.Dimensions[1])
            .Int("points", Shapes.Count(output.Dimensions.AsSpan()[2..]))
            .Int("taps", GridSampleOperator.Taps(node))
            .Int("padding", GridSampleOperator.Padding(node))
            .Int("alignCorners", GridSampleOperator.AlignsCorners(node) ? 1 : 0)
            .Ints("sizes", [.. input.Dimensions.Skip(2)]);
    });
}
