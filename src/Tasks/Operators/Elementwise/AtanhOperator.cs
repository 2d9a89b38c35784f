using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Inverse of the hyperbolic tangent (ONNX operator Atanh).</summary>
[Operator("Atanh")]
internal sealed class AtanhOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Atanh(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 1 / (1 - (x * x));

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Inverse), nameof(Float32Inverse.Atanh));
}
