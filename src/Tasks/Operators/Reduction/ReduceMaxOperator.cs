using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>Largest element over some axes (ONNX operator ReduceMax).</summary>
[Operator("ReduceMax")]
[Input(0, "data", Elements.Numbers | Elements.Bool)]
internal sealed class ReduceMaxOperator : ReduceOperator, IPassesFactors, IDifferentiable
{
    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => true;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Reduce.Max);

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.SameScale : Operators.IntegerForm.None;

    /// <inheritdoc/>
    protected override T Row<T>(ReadOnlySpan<T> row) => row.IsEmpty ? Numbers.Lowest<T>() : TensorPrimitives.Max(row);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ReductionGradients.OfExtremum(context, step);
}
