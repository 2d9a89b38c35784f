using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>Sums of everything up to each place along an axis (ONNX operator CumSum).</summary>
[Operator("CumSum")]
internal sealed class CumSumOperator : CumulativeOperator
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Cumulative.Sum);

    /// <inheritdoc/>
    protected override bool IsProduct => false;

    /// <inheritdoc/>
    protected override T Start<T>() => T.Zero;

    /// <inheritdoc/>
    protected override T Step<T>(T accumulator, T x) => unchecked(accumulator + x);
}
