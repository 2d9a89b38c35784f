using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Largest integer not above x (ONNX operator Floor).</summary>
[Operator("Floor")]
internal sealed class FloorOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => Math.Floor(x);

    /// <inheritdoc/>
    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Floor(x, y);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 0;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Rounding), nameof(Float32Rounding.Floor));
}
