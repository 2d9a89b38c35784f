using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Inverse of the hyperbolic sine (ONNX operator Asinh).</summary>
[Operator("Asinh")]
internal sealed class AsinhOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Asinh(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 1 / Math.Sqrt((x * x) + 1);

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Inverse), nameof(Float32Inverse.Asinh));
}
