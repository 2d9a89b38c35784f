using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// Gaussian error linear unit: x·Φ(x), exactly or by the tanh approximation of Hendrycks and Gimpel (2016) (ONNX operator Gelu).
/// </summary>
[Operator("Gelu")]
[Parameter("approximate", ParameterKind.String, Choices = ["none", "tanh"])]
internal sealed class GeluOperator : FloatFunction
{
    private const float SquareRootOfTwoOverPi = 0.7978845608028654f;
    private const float CubicFactor = 0.044715f;

    /// <inheritdoc/>
    public override double Compute(Node node, double x) => IsApproximate(node)
        ? 0.5 * x * (1 + ElementaryFunctions.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x))))
        : 0.5 * x * (1 + ErrorFunction.Erf(x / Math.Sqrt(2)));

    /// <inheritdoc/>
    public override double Derivative(Node node, double x)
    {
        if (!IsApproximate(node))
            return (0.5 * (1 + ErrorFunction.Erf(x / Math.Sqrt(2)))) + (x * ElementaryFunctions.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI));
        double t = ElementaryFunctions.Tanh(Math.Sqrt(2 / Math.PI) * (x + (0.044715 * x * x * x)));
        return (0.5 * (1 + t)) + (0.5 * x * (1 - (t * t)) * Math.Sqrt(2 / Math.PI) * (1 + (3 * 0.044715 * x * x)));
    }

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => IsApproximate(node)
        ? new(nameof(Float32Activation), nameof(Float32Activation.GeluTanh), ("scale", SquareRootOfTwoOverPi), ("cubic", CubicFactor))
        : new(nameof(Float32Activation), nameof(Float32Activation.Gelu));

    /// <summary>The node in the form that approximates by tanh.</summary>
    public static Node Approximate(Node node) => node.With("approximate", new AttributeValue.Text("tanh"));

    private static bool IsApproximate(Node node) => node.Text("approximate", "none") == "tanh";

    /// <inheritdoc/>
    public override IEnumerable<Node> WrittenOut =>
        [NodeOperators.New<GeluOperator>("", ["x"], ["y"]), Approximate(NodeOperators.New<GeluOperator>("", ["x"], ["y"]))];
}
