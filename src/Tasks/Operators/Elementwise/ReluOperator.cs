using OptimizerBuild.Graphs;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>max(0, x) (ONNX operator Relu).</summary>
[Operator("Relu")]
internal sealed class ReluOperator : NumericFunction
{
    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> x, Span<T> y)
    {
        TensorPrimitives.Max(x, T.Zero, y);
    }

    /// <inheritdoc/>
    public override bool PassesPositiveFactors(OperatorContext context, int axis) => true;
}
