using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Reduction;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>Softmax along one axis in fixed point.</summary>
[Simulates(IntegerForm.FixedPoint, typeof(SoftmaxOperator))]
internal sealed class IntegerSoftmax(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
    : IntegerNode(node, values)
{
    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        int axis = Shapes.Axis(AxisFunction.Axis(Source.Node), input.Dimensions.Length);
        int length = input.Dimensions[axis];
        int inner = 1;
        for (int d = axis + 1; d < input.Dimensions.Length; d++)
            inner *= input.Dimensions[d];
        FixedPointMultipliers factor = FixedPointPower.Factor(input.Quantization.Scale);
        bool wide = OutputQuantization.Type == ActivationType.S32;
        var output = new int[input.Values.Length];
        var powers = new long[length];
        for (int first = 0; first < output.Length; first = (first + 1) % inner == 0 ? first + 1 + (inner * (length - 1)) : first + 1)
        {
            long greatest = long.MinValue;
            for (int i = 0; i < length; i++)
                greatest = Math.Max(greatest, input.Values[first + (i * inner)]);
            long sum = 0;
            for (int i = 0; i < length; i++)
                sum += powers[i] = FixedPointPower.Of(greatest - input.Values[first + (i * inner)], factor);
            for (int i = 0; i < length; i++)
            {
                long p = (long)(((ulong)powers[i] << 30) / (ulong)sum);
                output[first + (i * inner)] = (int)(wide ? p : Math.Min(255, (p + (1L << 21)) >> 22));
            }
        }
        return [new(output, input.Dimensions, OutputQuantization)];
    }
}
