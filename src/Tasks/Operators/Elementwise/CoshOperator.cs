using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Hyperbolic cosine (ONNX operator Cosh).</summary>
[Operator("Cosh")]
internal sealed class CoshOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Cosh(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => ElementaryFunctions.Sinh(x);

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Inverse), nameof(Float32Inverse.Cosh));
}
