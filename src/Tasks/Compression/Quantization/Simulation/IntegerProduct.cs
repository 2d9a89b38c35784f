using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>The product of two u8 tensors, element by element.</summary>
[Simulates(IntegerForm.Rescale, typeof(IProductOfTwoValues))]
internal sealed class IntegerProduct(
    QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, int[] outputDimensions)
    : IntegerPair(node, values, outputDimensions)
{
    /// <inheritdoc/>
    protected override PairArithmetic Arithmetic(
        ActivationQuantization first, ActivationQuantization second, ActivationQuantization output) =>
        new ProductArithmetic(first, second, output);
}
