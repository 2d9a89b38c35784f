using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>The greater or the lesser of two u8 tensors of different scales, element by element.</summary>
[Simulates(IntegerForm.Rescale, typeof(IExtremumOfTwoValues))]
internal sealed class IntegerExtremum(
    QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions)
    : IntegerPair(node, values, outputDimensions)
{
    /// <inheritdoc/>
    protected override PairArithmetic Arithmetic(
        ActivationQuantization first, ActivationQuantization second, ActivationQuantization output) =>
        new ExtremumArithmetic(first, second, output, Source.Node.As<IExtremumOfTwoValues>()!.IsGreatest);
}
