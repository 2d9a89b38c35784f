using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Hyperbolic tangent (ONNX operator Tanh).</summary>
[Operator("Tanh")]
internal sealed class TanhOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Tanh(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x)
    {
        double y = ElementaryFunctions.Tanh(x);
        return 1 - (y * y);
    }

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Tanh));

    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;
}
