using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>a ≥ b at each place, with broadcasting (ONNX operator GreaterOrEqual).</summary>
[Operator("GreaterOrEqual")]
internal sealed class GreaterOrEqualOperator : Comparison
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Compare.GreaterOrEqual);

    /// <inheritdoc/>
    protected override bool Holds<T>(T a, T b) => a >= b;
}
