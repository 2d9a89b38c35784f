using System.Numerics;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>Product over some axes (ONNX operator ReduceProd).</summary>
[Operator("ReduceProd")]
internal sealed class ReduceProdOperator : ReduceOperator, IDifferentiable
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Reduce.Prod);

    /// <inheritdoc/>
    protected override T Row<T>(ReadOnlySpan<T> row) => LaneSums.Product(row);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ReductionGradients.OfProduct(context, step);
}
