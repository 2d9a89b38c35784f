using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Sine (ONNX operator Sin).</summary>
[Operator("Sin")]
internal sealed class SinOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Sin(x);
}
