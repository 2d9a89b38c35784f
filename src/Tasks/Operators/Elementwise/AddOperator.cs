using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Sum of two tensors, with broadcasting (ONNX operator Add).</summary>
[Operator("Add")]
internal sealed class AddOperator : BinaryArithmetic, IPassesFactors, ISumOfTwoValues, IDifferentiable
{
    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) => IPairOfLevels.FormOf(context);

    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) => IPassesFactors.OfSum(context, port);

    /// <inheritdoc/>
    public bool PassesOffsets(OperatorContext context, ChannelPort input) => true;

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Add(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y) => TensorPrimitives.Add(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Add(b, a, y);

    /// <inheritdoc/>
    public int SecondSign => 1;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.Add);

    /// <inheritdoc/>
    public override (double A, double B) Derivatives(Node node, double a, double b) => (1, 1);

    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;

    /// <inheritdoc/>
    public override bool TakesActivation => true;

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T> =>
        ElementwiseGradients.OfSum(context, step, _ => T.One);
}
