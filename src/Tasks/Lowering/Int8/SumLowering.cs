using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>The sum or difference of two u8 tensors of different scales.</summary>
[Lowers(LoweringForm.Integer, typeof(ISumOfTwoValues))]
internal sealed class SumLowering : PairLowering
{
    /// <inheritdoc/>
    protected override string Kernel => nameof(Int8Add);

    /// <inheritdoc/>
    protected override PairArithmetic Arithmetic(
        Node node, ActivationQuantization first, ActivationQuantization second, ActivationQuantization output) =>
        new SumArithmetic(first, second, output, node.As<ISumOfTwoValues>()!.SecondSign);

    /// <inheritdoc/>
    protected override void AddMode(LoweredStep step, Node node) => step.Int("sign", node.As<ISumOfTwoValues>()!.SecondSign);
}
