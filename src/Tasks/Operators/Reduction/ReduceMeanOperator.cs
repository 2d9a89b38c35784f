using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>Mean over some axes (ONNX operator ReduceMean).</summary>
[Operator("ReduceMean")]
internal sealed class ReduceMeanOperator : ReduceOperator, IPassesFactors, IDifferentiable
{
    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => true;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Reduce.Mean);

    /// <inheritdoc/>
    public override bool IsMean => true;

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.Rescale : Operators.IntegerForm.None;

    /// <inheritdoc/>
    protected override bool HasIdentity => false;

    /// <inheritdoc/>
    protected override T Row<T>(ReadOnlySpan<T> row) => LaneSums.Sum(row) / T.CreateTruncating(row.Length);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ReductionGradients.OfSum(context, step);
}
