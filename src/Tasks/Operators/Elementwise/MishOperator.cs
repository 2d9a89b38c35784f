using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x · tanh(log(1 + exp(x))) (ONNX operator Mish).</summary>
[Operator("Mish")]
internal sealed class MishOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x * Math.Tanh(Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x))));
}
