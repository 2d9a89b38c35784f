using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// Continuously differentiable exponential linear unit: max(0, x) + min(0, alpha·(exp(x/alpha) − 1)) (ONNX operator Celu).
/// </summary>
[Operator("Celu")]
[Parameter("alpha", ParameterKind.Float)]
internal sealed class CeluOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) =>
        Math.Max(0, x) + Math.Min(0, Alpha(node) * (ElementaryFunctions.Exp(x / Alpha(node)) - 1));

    /// <inheritdoc/>
    public override double Derivative(Node node, double x)
    {
        double alpha = Alpha(node), power = ElementaryFunctions.Exp(x / alpha);
        return (x > 0 ? 1 : 0) + (alpha * (power - 1) < 0 ? power : 0);
    }

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) =>
        new(nameof(Float32Activation), nameof(Float32Activation.Celu), ("alpha", Alpha(node)));

    /// <summary>The negative of the limit at −∞ (attribute <c>alpha</c>).</summary>
    public static float Alpha(Node node) => node.Float("alpha", 1);
}
