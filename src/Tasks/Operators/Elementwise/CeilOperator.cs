using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Smallest integer not below x (ONNX operator Ceil).</summary>
[Operator("Ceil")]
internal sealed class CeilOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Ceiling(x);

    /// <inheritdoc/>
    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Ceiling(x, y);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 0;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Rounding), nameof(Float32Rounding.Ceil));
}
