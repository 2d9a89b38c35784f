using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Tangent (ONNX operator Tan).</summary>
[Operator("Tan")]
internal sealed class TanOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Tan(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 1 + (Compute(node, x) * Compute(node, x));

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Trigonometry), nameof(Float32Trigonometry.Tan));
}
