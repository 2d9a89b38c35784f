using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x / (1 + |x|) (ONNX operator Softsign).</summary>
[Operator("Softsign")]
internal sealed class SoftsignOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x / (1 + Math.Abs(x));
}
