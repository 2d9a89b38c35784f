using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Float32;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Resampling of integers along one axis; rows of the output may have gaps, for the border that a convolution wants.</summary>
[Lowers(LoweringForm.Integer, typeof(AxisResamplingOperator))]
internal sealed class AxisResamplingLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.ReadQuantized(node, node.Inputs[0]));
        int rank = input.Dimensions.Length;
        int axis = Shapes.Axis(AxisResamplingOperator.Axis(node), rank);
        Storage output = context.CreateQuantized(node.Outputs[0], bordered: rank == 4 && axis is 1 or 2);
        ResampledLevels constants = ResampledLevels.Of(
            OperatorContext.Of(context.Graph, node), input.Quantization!, output.Quantization!);
        (int minimum, int maximum) = ResampledLevels.Bounds(output.Quantization!);
        ReadOnlySpan<int> from = input.Dimensions.AsSpan(), to = output.Strides.AsSpan();

        // The axes before this one as images and runs; one without a border lies in order whatever its rank.
        int images = axis > 1 && rank == 4 ? from[0] : 1;
        int runs = Shapes.Count(from[..axis]) / images;
        int inner = Shapes.Count(from[(axis + 1)..]), outputs = constants.Addends.Length;
        context.Step(nameof(Int8Resample), $"{Type(input)}To{Type(output)}", node,
                $"{NativeSteps.Text(input)} → {NativeSteps.Text(output)}, {constants.Taps} taps")
            .Read("input", input)
            .Int("taps", context.Weights.Add<int>(Table(constants)))
            .Write("output", output)
            .Int("outputImageStride", images > 1 ? to[0] : 0)
            .Int("outputOuterStride", runs == 1 ? 0 : to[axis - 1])
            .Int("outputStride", to[axis])
            .Int("images", images)
            .Int("outer", runs)
            .Int("count", from[axis])
            .Int("inner", inner)
            .Int("outputs", outputs)
            .Int("tapCount", constants.Taps)
            .Int("shift", constants.Shift)
            .Int("minimum", minimum)
            .Int("maximum", maximum);
    }

    private static string Type(Storage storage) => storage.Element == ElementType.UInt8 ? "UInt8" : "Int32";

    private static int[] Table(ResampledLevels constants)
    {
        int taps = constants.Taps;
        var table = new List<int>(constants.Addends.Length * (1 + (2 * taps)));
        for (int i = 0; i < constants.Addends.Length; i++)
        {
            table.Add(constants.Addends[i]);
            for (int t = i * taps; t < (i + 1) * taps; t++)
                table.AddRange([constants.Places[t], constants.Weights[t]]);
        }
        return [.. table];
    }
}
