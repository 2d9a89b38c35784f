using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>max(0, min(1, alpha·x + beta)) (ONNX operator HardSigmoid).</summary>
[Operator("HardSigmoid")]
[Parameter("alpha", ParameterKind.Float)]
[Parameter("beta", ParameterKind.Float)]
internal sealed class HardSigmoidOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Clamp((Alpha(node) * x) + Beta(node), 0, 1);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => (Alpha(node) * x) + Beta(node) is > 0 and < 1 ? Alpha(node) : 0;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) =>
        new(nameof(Float32Unary), nameof(Float32Unary.HardSigmoid), ("alpha", Alpha(node)), ("beta", Beta(node)));

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;

    /// <summary>The slope (attribute <c>alpha</c>).</summary>
    public static float Alpha(Node node) => node.Float("alpha", 0.2f);

    /// <summary>The value at 0 (attribute <c>beta</c>).</summary>
    public static float Beta(Node node) => node.Float("beta", 0.5f);

    /// <summary>The node with another line between its limits.</summary>
    public static Node WithLine(Node node, float alpha, float beta) =>
        node.With("alpha", new AttributeValue.Float(alpha)).With("beta", new AttributeValue.Float(beta));
}
