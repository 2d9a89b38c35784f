using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Largest of the inputs at each place (ONNX operator Max).</summary>
[Operator("Max")]
internal sealed class MaxOperator : VariadicArithmetic, IPassesFactors, IExtremumOfTwoValues, IDifferentiable
{
    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) => IPairOfLevels.FormOf(context);

    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) => IPassesFactors.OfSum(context, port);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Max(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y) => TensorPrimitives.Max(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Max(b, a, y);

    /// <inheritdoc/>
    public bool IsGreatest => true;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.Max);

    /// <inheritdoc/>
    public (double A, double B) Derivatives(Node node, double a, double b) => a >= b ? (1, 0) : (0, 1);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ElementwiseGradients.OfExtremum(context, step);
}
