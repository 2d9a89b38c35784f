using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>a ≤ b at each place, with broadcasting (ONNX operator LessOrEqual).</summary>
[Operator("LessOrEqual")]
internal sealed class LessOrEqualOperator : Comparison
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Compare.LessOrEqual);

    /// <inheritdoc/>
    protected override bool Holds<T>(T a, T b) => a <= b;
}
