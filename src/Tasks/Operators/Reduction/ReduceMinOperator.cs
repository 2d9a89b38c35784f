using System.Numerics;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Reduction;

/// <summary>Smallest element over some axes (ONNX operator ReduceMin).</summary>
[Operator("ReduceMin")]
[Input(0, "data", Elements.Numbers | Elements.Bool)]
internal sealed class ReduceMinOperator : ReduceOperator, IPassesFactors, IDifferentiable
{
    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => true;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Reduce.Min);

    /// <inheritdoc/>
    protected override T Row<T>(ReadOnlySpan<T> row) => row.IsEmpty ? Numbers.Highest<T>() : TensorPrimitives.Min(row);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ReductionGradients.OfExtremum(context, step);
}
