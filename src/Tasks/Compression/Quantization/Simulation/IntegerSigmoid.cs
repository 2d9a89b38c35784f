using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>The logistic function of s32 logits in fixed point, as s32 probabilities of scale 2^−30.</summary>
[Simulates(IntegerForm.FixedPoint, typeof(SigmoidOperator))]
internal sealed class IntegerSigmoid(QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values)
    : IntegerNode(node, values)
{
    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        FixedPointMultipliers factor = FixedPointPower.Factor(input.Quantization.Scale);
        var output = new int[input.Values.Length];
        for (int i = 0; i < output.Length; i++)
        {
            // 1/(1 + e^−|x|) for positive and e^−|x|/(1 + e^−|x|) for negative x.
            long x = input.Values[i];
            long power = FixedPointPower.Of(Math.Abs(x), factor);
            ulong numerator = (ulong)(x < 0 ? power : FixedPointPower.One);
            output[i] = (int)((numerator << 30) / (ulong)(FixedPointPower.One + power));
        }
        return [new(output, input.Dimensions, OutputQuantization)];
    }
}
