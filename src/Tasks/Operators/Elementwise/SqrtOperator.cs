using OptimizerBuild.Graphs;
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
}
