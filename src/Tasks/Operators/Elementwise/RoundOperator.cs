using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Nearest integer, ties to even (ONNX operator Round).</summary>
[Operator("Round")]
internal sealed class RoundOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Round(x, MidpointRounding.ToEven);
}
