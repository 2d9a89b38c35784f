using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Nearest integer, ties to even (ONNX operator Round).</summary>
[Operator("Round")]
internal sealed class RoundOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Round(x, MidpointRounding.ToEven);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 0;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Rounding), nameof(Float32Rounding.Round));
}
