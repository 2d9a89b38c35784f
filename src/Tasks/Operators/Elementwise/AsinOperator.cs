using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Inverse of the sine (ONNX operator Asin).</summary>
[Operator("Asin")]
internal sealed class AsinOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Asin(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 1 / Math.Sqrt(1 - (x * x));

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Inverse), nameof(Float32Inverse.Asin));
}
