using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>The product of two u8 tensors, element by element.</summary>
[Lowers(LoweringForm.Integer, typeof(IProductOfTwoValues))]
internal sealed class MultiplyLowering : PairLowering
{
    /// <inheritdoc/>
    protected override string Kernel => nameof(Int8Multiply);

    /// <inheritdoc/>
    protected override PairArithmetic Arithmetic(
        Node node, ActivationQuantization first, ActivationQuantization second, ActivationQuantization output) =>
        new ProductArithmetic(first, second, output);
}
