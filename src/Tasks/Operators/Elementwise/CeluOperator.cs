using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// Continuously differentiable exponential linear unit: max(0, x) + min(0, alpha·(exp(x/alpha) − 1)) (ONNX operator Celu).
/// </summary>
[Operator("Celu")]
internal sealed class CeluOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) =>
        Math.Max(0, x) + Math.Min(0, node.Float("alpha", 1) * (Math.Exp(x / node.Float("alpha", 1)) - 1));
}
