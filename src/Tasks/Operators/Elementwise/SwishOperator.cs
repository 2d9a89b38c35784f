using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x · sigmoid(alpha·x) (ONNX operator Swish).</summary>
[Operator("Swish")]
[Parameter("alpha", ParameterKind.Float)]
internal sealed class SwishOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x / (1 + ElementaryFunctions.Exp(-Alpha(node) * x));

    /// <inheritdoc/>
    public override double Derivative(Node node, double x)
    {
        double alpha = Alpha(node), y = 1 / (1 + ElementaryFunctions.Exp(-alpha * x));
        return y + (alpha * x * y * (1 - y));
    }

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) =>
        new(nameof(Float32Activation), nameof(Float32Activation.Swish), ("alpha", Alpha(node)));

    /// <summary>The factor inside (attribute <c>alpha</c>).</summary>
    public static float Alpha(Node node) => node.Float("alpha", 1);

    /// <inheritdoc/>
    /// <remarks>With the factor 1.702 it approximates GELU (Hendrycks and Gimpel, 2016).</remarks>
    public override IEnumerable<Node> WrittenOut =>
    [
        NodeOperators.New<SwishOperator>("", ["x"], ["y"]),
        NodeOperators.New<SwishOperator>("", ["x"], ["y"]).With("alpha", new AttributeValue.Float(1.702f)),
    ];
}
