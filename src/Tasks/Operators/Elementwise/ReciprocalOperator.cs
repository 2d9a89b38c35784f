using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Reciprocal 1/x (ONNX operator Reciprocal).</summary>
[Operator("Reciprocal")]
internal sealed class ReciprocalOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => 1 / x;

    /// <inheritdoc/>
    protected override void Apply(Node node, ReadOnlySpan<float> x, Span<float> y) => TensorPrimitives.Divide(1f, x, y);

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => -1 / (x * x);

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Reciprocal));

    /// <inheritdoc/>
    public override bool IsAnalytic => true;
}
