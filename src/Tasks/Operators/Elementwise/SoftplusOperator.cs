using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>log(1 + exp(x)) (ONNX operator Softplus).</summary>
[Operator("Softplus")]
internal sealed class SoftplusOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));
}
