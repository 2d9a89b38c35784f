using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Logistic function 1 / (1 + exp(−x)) (ONNX operator Sigmoid).</summary>
[Operator("Sigmoid")]
internal sealed class SigmoidOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => 1 / (1 + ElementaryFunctions.Exp(-x));

    /// <inheritdoc/>
    public override double Derivative(Node node, double x)
    {
        double y = Compute(node, x);
        return y * (1 - y);
    }

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Sigmoid));

    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;
}
