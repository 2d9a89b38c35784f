using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>Resampling along one axis: sums of levels times weights in fixed point.</summary>
[Simulates(IntegerForm.Rescale, typeof(AxisResamplingOperator))]
internal sealed class IntegerResampling(
    QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions) : IntegerNode(node, values)
{
    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        ResampledLevels constants = ResampledLevels.Of(Source.Context, InputQuantization(0), OutputQuantization);
        (int minimum, int maximum) = ResampledLevels.Bounds(OutputQuantization);
        int axis = Shapes.Axis(AxisResamplingOperator.Axis(Source.Node), outputDimensions.Length);
        int count = input.Dimensions[axis], inner = Shapes.Count(outputDimensions.AsSpan()[(axis + 1)..]);
        int outputs = constants.Addends.Length, taps = constants.Taps;
        var output = new int[Shapes.Count(outputDimensions)];
        for (int at = 0; at < output.Length; at++)
        {
            int start = (at / inner / outputs * count * inner) + (at % inner), i = at / inner % outputs;
            long sum = constants.Addends[i];
            for (int t = 0; t < taps; t++)
                sum += (long)input.Values[start + (constants.Places[(i * taps) + t] * inner)] * constants.Weights[(i * taps) + t];
            output[at] = (int)Math.Clamp(sum >> constants.Shift, minimum, maximum);
        }
        return [new(output, outputDimensions, OutputQuantization)];
    }
}
