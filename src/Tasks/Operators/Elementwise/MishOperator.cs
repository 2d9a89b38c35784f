using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x · tanh(log(1 + exp(x))) (ONNX operator Mish).</summary>
[Operator("Mish")]
internal sealed class MishOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) =>
        x * ElementaryFunctions.Tanh(Math.Max(x, 0) + ElementaryFunctions.Log(1 + ElementaryFunctions.Exp(-Math.Abs(x))));

    /// <inheritdoc/>
    public override double Derivative(Node node, double x)
    {
        double t = ElementaryFunctions.Tanh(Math.Max(x, 0) + ElementaryFunctions.Log(1 + ElementaryFunctions.Exp(-Math.Abs(x))));
        return t + (x * (1 - (t * t)) / (1 + ElementaryFunctions.Exp(-x)));
    }

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Activation), nameof(Float32Activation.Mish));

    /// <inheritdoc/>
    public override IEnumerable<Node> WrittenOut => [NodeOperators.New<MishOperator>("", ["x"], ["y"])];
}
