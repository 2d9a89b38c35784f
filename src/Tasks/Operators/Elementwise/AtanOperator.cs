using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Inverse of the tangent (ONNX operator Atan).</summary>
[Operator("Atan")]
internal sealed class AtanOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Atan(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 1 / (1 + (x * x));

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Inverse), nameof(Float32Inverse.Atan));
}
