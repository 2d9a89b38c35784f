using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>Product over some axes (ONNX operator ReduceProd).</summary>
[Operator("ReduceProd")]
internal sealed class ReduceProdOperator : ReduceOperator
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Reduce.Prod);

    /// <inheritdoc/>
    protected override T Row<T>(ReadOnlySpan<T> row) => LaneSums.Product(row);
}
