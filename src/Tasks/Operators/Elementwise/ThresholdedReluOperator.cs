using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x where greater than alpha, else 0 (ONNX operator ThresholdedRelu).</summary>
[Operator("ThresholdedRelu")]
[Parameter("alpha", ParameterKind.Float)]
internal sealed class ThresholdedReluOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x > Alpha(node) ? x : 0;

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => x > Alpha(node) ? 1 : 0;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) =>
        new(nameof(Float32Activation), nameof(Float32Activation.ThresholdedRelu), ("alpha", Alpha(node)));

    /// <summary>The threshold (attribute <c>alpha</c>).</summary>
    public static float Alpha(Node node) => node.Float("alpha", 1);
}
