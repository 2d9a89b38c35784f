using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.WorkedExamples;

/// <summary>The absolute difference in the quantiser's simulation, which shares nothing with the kernel.</summary>
[Simulates(IntegerForm.Rescale, typeof(AbsoluteDifferenceOperator))]
internal sealed class IntegerAbsoluteDifference(
    QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions) : IntegerNode(node, values)
{
    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor a = Operand(inputs, 0), b = Operand(inputs, 1);
        FixedPointMultipliers multipliers = FixedPointMultipliers.Of(
            a.Quantization.Scale / OutputQuantization.Scale, b.Quantization.Scale / OutputQuantization.Scale);
        int[] first = Expanded(a), second = Expanded(b);
        OutputLevels levels = OutputLevels;
        var output = new int[first.Length];
        for (int i = 0; i < output.Length; i++)
        {
            long difference = (first[i] * (long)multipliers.Multipliers[0]) - (second[i] * (long)multipliers.Multipliers[1]);
            output[i] = levels.Of(multipliers.Round(Math.Abs(difference)));
        }
        return [new(output, outputDimensions, OutputQuantization)];
    }

    // The steps from the zero point, repeated to the output's shape.
    private int[] Expanded(QuantizedTensor operand)
    {
        int[] steps = Array.ConvertAll(operand.Values, q => q - operand.Quantization.ZeroPoint);
        return TensorMove.Expand(Tensor.Of(steps, operand.Dimensions), outputDimensions).Values<int>();
    }
}
