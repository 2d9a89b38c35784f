using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Difference of two tensors, with broadcasting (ONNX operator Sub).</summary>
[Operator("Sub")]
internal sealed class SubOperator : BinaryArithmetic, IPassesFactors, ISumOfTwoValues, IDifferentiable
{
    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) => IPairOfLevels.FormOf(context);

    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) => IPassesFactors.OfSum(context, port);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Subtract(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y) => TensorPrimitives.Subtract(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Subtract(a, b, y);

    /// <inheritdoc/>
    public int SecondSign => -1;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.Sub);

    /// <inheritdoc/>
    public override (double A, double B) Derivatives(Node node, double a, double b) => (1, -1);

    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;

    /// <inheritdoc/>
    public override bool TakesActivation => true;

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ElementwiseGradients.OfSum(context, step, input => input == 0 ? T.One : -T.One);
}
