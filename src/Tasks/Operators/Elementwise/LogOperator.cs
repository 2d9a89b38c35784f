using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Natural logarithm (ONNX operator Log).</summary>
[Operator("Log")]
internal sealed class LogOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Log(x);
}
