using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>The sum or difference of two u8 tensors of different scales.</summary>
[Simulates(IntegerForm.Rescale, typeof(ISumOfTwoValues))]
internal sealed class IntegerSum(
    QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions)
    : IntegerPair(node, values, outputDimensions)
{
    /// <inheritdoc/>
    protected override PairArithmetic Arithmetic(
        ActivationQuantization first, ActivationQuantization second, ActivationQuantization output) =>
        new SumArithmetic(first, second, output, Source.Node.As<ISumOfTwoValues>()!.SecondSign);
}
