using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>Sum over some axes (ONNX operator ReduceSum).</summary>
[Operator("ReduceSum")]
[Input(1, "axes", Elements.Int64, Optional = true, Fixed = true, From = 13)]
[Parameter("axes", ParameterKind.Ints, Until = 12)]
[Parameter("noop_with_empty_axes", ParameterKind.Int, From = 13)]
internal sealed class ReduceSumOperator : ReduceOperator, IPassesFactors, IDifferentiable
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Reduce.Sum);

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.Rescale : Operators.IntegerForm.None;

    /// <inheritdoc/>
    protected override T Row<T>(ReadOnlySpan<T> row) => LaneSums.Sum(row);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ReductionGradients.OfSum(context, step);
}
