using System.Numerics.Tensors;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>Product over some axes (ONNX operator ReduceProd).</summary>
[Operator("ReduceProd")]
internal sealed class ReduceProdOperator : ReduceOperator
{
    /// <inheritdoc/>
    protected override T Row<T>(ReadOnlySpan<T> row) => row.IsEmpty ? T.One : TensorPrimitives.Product(row);
}
