using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>The greater or the lesser of two u8 tensors of different scales, element by element.</summary>
[Lowers(LoweringForm.Integer, typeof(IExtremumOfTwoValues))]
internal sealed class ExtremumLowering : PairLowering
{
    /// <inheritdoc/>
    protected override string Kernel => nameof(Int8Extremum);

    /// <inheritdoc/>
    protected override PairArithmetic Arithmetic(
        Node node, ActivationQuantization first, ActivationQuantization second, ActivationQuantization output) =>
        new ExtremumArithmetic(first, second, output, node.As<IExtremumOfTwoValues>()!.IsGreatest);

    /// <inheritdoc/>
    protected override void AddMode(LoweredStep step, Node node) =>
        step.Int("greatest", node.As<IExtremumOfTwoValues>()!.IsGreatest ? 1 : 0);
}
