using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>a &lt; b at each place, with broadcasting (ONNX operator Less).</summary>
[Operator("Less")]
internal sealed class LessOperator : Comparison
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Compare.Less);

    /// <inheritdoc/>
    protected override bool Holds<T>(T a, T b) => a < b;
}
