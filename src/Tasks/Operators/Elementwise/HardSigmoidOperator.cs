using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>max(0, min(1, alpha·x + beta)) (ONNX operator HardSigmoid).</summary>
[Operator("HardSigmoid")]
internal sealed class HardSigmoidOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Clamp((node.Float("alpha", 0.2f) * x) + node.Float("beta", 0.5f), 0, 1);
}
