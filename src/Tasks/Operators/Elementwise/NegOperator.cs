using OptimizerBuild.Graphs;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Negation (ONNX operator Neg).</summary>
[Operator("Neg")]
internal sealed class NegOperator : NumericFunction
{
    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> x, Span<T> y)
    {
        TensorPrimitives.Negate(x, y);
    }
}
