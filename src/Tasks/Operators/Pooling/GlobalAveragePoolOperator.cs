using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Pooling;

/// <summary>Mean of each channel over all its positions (ONNX operator GlobalAveragePool).</summary>
[Operator("GlobalAveragePool")]
internal sealed class GlobalAveragePoolOperator : GlobalPoolOperator
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Reduce.Mean);

    /// <inheritdoc/>
    public override bool IsMean => true;

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.Rescale : Operators.IntegerForm.None;

    /// <inheritdoc/>
    protected override float Reduce(ReadOnlySpan<float> positions) => LaneSums.Sum(positions) / positions.Length;
}
