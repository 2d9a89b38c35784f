using OptimizerBuild.Graphs;
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
}
