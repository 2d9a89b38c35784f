using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>a > b at each place, with broadcasting (ONNX operator Greater).</summary>
[Operator("Greater")]
internal sealed class GreaterOperator : Comparison
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Compare.Greater);

    /// <inheritdoc/>
    protected override bool Holds<T>(T a, T b) => a > b;
}
