using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// Gaussian error linear unit: x·Φ(x), exactly or by the tanh approximation of Hendrycks and Gimpel (2016) (ONNX operator Gelu).
/// </summary>
[Operator("Gelu")]
internal sealed class GeluOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => node.Text("approximate", "none") == "tanh"
        ? 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))))
        : 0.5 * x * (1 + ErrorFunction.Erf(x / Math.Sqrt(2)));
}
