using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Cosine (ONNX operator Cos).</summary>
[Operator("Cos")]
internal sealed class CosOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Cos(x);
}
