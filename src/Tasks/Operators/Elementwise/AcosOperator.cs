using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Inverse of the cosine (ONNX operator Acos).</summary>
[Operator("Acos")]
internal sealed class AcosOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Acos(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => -1 / Math.Sqrt(1 - (x * x));

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Inverse), nameof(Float32Inverse.Acos));
}
