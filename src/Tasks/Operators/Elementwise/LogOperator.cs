using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Natural logarithm (ONNX operator Log).</summary>
[Operator("Log")]
internal sealed class LogOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => ElementaryFunctions.Log(x);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 1 / x;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Log));

    /// <inheritdoc/>
    public override bool IsAnalytic => true;
}
