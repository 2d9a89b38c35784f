using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Error function (ONNX operator Erf).</summary>
[Operator("Erf")]
internal sealed class ErfOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ErrorFunction.Erf(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 2 / Math.Sqrt(Math.PI) * ElementaryFunctions.Exp(-x * x);

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Erf));

    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;
}
