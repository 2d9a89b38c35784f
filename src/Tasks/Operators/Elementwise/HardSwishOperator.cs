using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x · max(0, min(1, x/6 + 1/2)) (ONNX operator HardSwish).</summary>
[Operator("HardSwish")]
internal sealed class HardSwishOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x * Math.Clamp((x / 6) + 0.5, 0, 1);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => Math.Abs(x) < 3 ? (x / 3) + 0.5 : x > 0 ? 1 : 0;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.HardSwish));

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;
}
