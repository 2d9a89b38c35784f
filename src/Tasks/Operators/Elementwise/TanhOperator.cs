using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Hyperbolic tangent (ONNX operator Tanh).</summary>
[Operator("Tanh")]
internal sealed class TanhOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Tanh(x);

    /// <inheritdoc/>
    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Tanh(x, y);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x)
    {
        double y = Math.Tanh(x);
        return 1 - (y * y);
    }

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Tanh));

    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;
}
