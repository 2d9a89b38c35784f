using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x / (1 + |x|) (ONNX operator Softsign).</summary>
[Operator("Softsign")]
internal sealed class SoftsignOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x / (1 + Math.Abs(x));

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 1 / ((1 + Math.Abs(x)) * (1 + Math.Abs(x)));

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Activation), nameof(Float32Activation.Softsign));

    /// <inheritdoc/>
    public override IEnumerable<Node> WrittenOut => [NodeOperators.New<SoftsignOperator>("", ["x"], ["y"])];
}
