using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x where positive, else alpha·(exp(x) − 1) (ONNX operator Elu).</summary>
[Operator("Elu")]
internal sealed class EluOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x >= 0 ? x : node.Float("alpha", 1) * (Math.Exp(x) - 1);
}
