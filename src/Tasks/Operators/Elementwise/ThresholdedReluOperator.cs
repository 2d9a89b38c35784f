using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x where greater than alpha, else 0 (ONNX operator ThresholdedRelu).</summary>
[Operator("ThresholdedRelu")]
internal sealed class ThresholdedReluOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x > node.Float("alpha", 1) ? x : 0;
}
