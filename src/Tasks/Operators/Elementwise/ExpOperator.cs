using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Exponential function (ONNX operator Exp).</summary>
[Operator("Exp")]
internal sealed class ExpOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Exp(x);
}
