using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>log(1 + exp(x)) (ONNX operator Softplus).</summary>
[Operator("Softplus")]
internal sealed class SoftplusOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) =>
        Math.Max(x, 0) + ElementaryFunctions.Log(1 + ElementaryFunctions.Exp(-Math.Abs(x)));

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 1 / (1 + ElementaryFunctions.Exp(-x));

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Activation), nameof(Float32Activation.Softplus));

    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;

    /// <inheritdoc/>
    public override IEnumerable<Node> WrittenOut => [NodeOperators.New<SoftplusOperator>("", ["x"], ["y"])];
}
