using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Logistic function 1 / (1 + exp(−x)) (ONNX operator Sigmoid).</summary>
[Operator("Sigmoid")]
internal sealed class SigmoidOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => 1 / (1 + Math.Exp(-x));
}
