using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Cosine (ONNX operator Cos).</summary>
[Operator("Cos")]
internal sealed class CosOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Cos(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => -ElementaryFunctions.Sin(x);

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Trigonometry), nameof(Float32Trigonometry.Cos));
}
