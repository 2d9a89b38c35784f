using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Scaled exponential linear unit: gamma·x where positive, else gamma·alpha·(exp(x) − 1) (ONNX operator Selu).</summary>
[Operator("Selu")]
internal sealed class SeluOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) =>
        node.Float("gamma", 1.05070102214813232421875f) * (x > 0 ? x : node.Float("alpha", 1.67326319217681884765625f) * (Math.Exp(x) - 1));
}
