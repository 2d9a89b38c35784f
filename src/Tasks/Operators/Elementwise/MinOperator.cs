using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Smallest of the inputs at each place (ONNX operator Min).</summary>
[Operator("Min")]
internal sealed class MinOperator : VariadicArithmetic, IPassesFactors, IExtremumOfTwoValues, IDifferentiable
{
    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) => IPairOfLevels.FormOf(context);

    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) => IPassesFactors.OfSum(context, port);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Min(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y) => TensorPrimitives.Min(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Min(b, a, y);

    /// <inheritdoc/>
    public bool IsGreatest => false;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.Min);

    /// <inheritdoc/>
    public (double A, double B) Derivatives(Node node, double a, double b) => a <= b ? (1, 0) : (0, 1);

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ElementwiseGradients.OfExtremum(context, step);
}
