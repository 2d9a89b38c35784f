using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Square root (ONNX operator Sqrt).</summary>
[Operator("Sqrt")]
internal sealed class SqrtOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Sqrt(x);

    /// <inheritdoc/>
    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Sqrt(x, y);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 0.5 / Math.Sqrt(x);

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Sqrt));

    /// <inheritdoc/>
    public override bool IsAnalytic => true;
}
