using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x · sigmoid(alpha·x) (ONNX operator Swish).</summary>
[Operator("Swish")]
internal sealed class SwishOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x / (1 + Math.Exp(-node.Float("alpha", 1) * x));
}
