using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>Products of everything up to each place along an axis (ONNX operator CumProd).</summary>
[Operator("CumProd")]
internal sealed class CumProdOperator : CumulativeOperator
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Cumulative.Product);

    /// <inheritdoc/>
    protected override bool IsProduct => true;

    /// <inheritdoc/>
    protected override T Start<T>() => T.One;

    /// <inheritdoc/>
    protected override T Step<T>(T accumulator, T x) => unchecked(accumulator * x);
}
