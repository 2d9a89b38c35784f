using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Mean of the inputs at each place (ONNX operator Mean).</summary>
[Operator("Mean")]
internal sealed class MeanOperator : VariadicArithmetic, IPassesFactors, IDifferentiable
{
    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) => IPassesFactors.OfSum(context, port);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Add(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y) => TensorPrimitives.Add(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Add(b, a, y);

    /// <inheritdoc/>
    protected override Tensor Finish(Tensor combined, int inputs)
    {
        double[] sums = NumericCast.Convert(combined, ElementType.Float64)!.Values<double>();
        return NumericCast.Convert(new Tensor(combined.Type.As(ElementType.Float64), Array.ConvertAll(sums, s => s / inputs)),
            combined.Element)!;
    }

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.Add);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ElementwiseGradients.OfSum(context, step, _ => T.One / T.CreateTruncating(step.Inputs.Length));
}
