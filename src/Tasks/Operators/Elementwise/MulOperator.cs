using System.Numerics;
using System.Runtime.InteropServices;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Product of two tensors, with broadcasting (ONNX operator Mul).</summary>
[Operator("Mul")]
internal sealed class MulOperator : BinaryArithmetic, IPassesFactors, IProductOfTwoValues, IDifferentiable
{
    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) => IPairOfLevels.FormOf(context);

    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) =>
        IPassesFactors.OfOneOperand(context, port, FactorOperand(context));

    // Constants have no factor, and the gate of a channel is smaller than what it opens for.
    private static int FactorOperand(OperatorContext context) =>
        context.Constant(0) is not null ? 1
        : context.Constant(1) is null && context.Type(1).Count > context.Type(0).Count ? 1 : 0;

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Multiply(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y) => TensorPrimitives.Multiply(a, b, y);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y) => TensorPrimitives.Multiply(b, a, y);

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.Mul);

    /// <inheritdoc/>
    public override (double A, double B) Derivatives(Node node, double a, double b) => (b, a);

    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;

    /// <inheritdoc/>
    public override bool TakesActivation => true;

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        T[] a = step.Input(0), b = step.Input(1), dy = step.OutputGradient;
        T[]? da = step.Gradient(0), db = step.Gradient(1);
        Broadcasting.Walk(context.Type(0).Dimensions.AsSpan(), context.Type(1).Dimensions.AsSpan(),
            context.OutputTypes[0].Dimensions.AsSpan(), (i, iStep, j, jStep, o, length) =>
        {
            AddRun(dy.AsSpan(o, length), b, j, jStep, da, i, iStep);
            AddRun(dy.AsSpan(o, length), a, i, iStep, db, j, jStep);
        });
    }

    // The gradient of one factor along a run, from the other factor.
    private static void AddRun<T>(ReadOnlySpan<T> dy, T[] other, int from, int step, T[]? gradient, int to, int toStep)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>
    {
        if (gradient is null)
            return;
        if (step == 0 && toStep == 0)
            gradient[to] += other[from] * LaneSums.Sum(dy);
        else if (step == 0)
            GradientSums.AddScaled(dy, other[from], gradient.AsSpan(to, dy.Length));
        else if (toStep == 0 && step == 1 && typeof(T) == typeof(float))
            gradient[to] += T.CreateTruncating(LaneSums.Dot(
                MemoryMarshal.Cast<T, float>(dy), MemoryMarshal.Cast<T, float>(other.AsSpan(from, dy.Length))));
        else if (toStep == 1)
            GradientSums.AddProducts(dy, other.AsSpan(from, dy.Length), gradient.AsSpan(to, dy.Length));
        else
            for (int i = 0; i < dy.Length; i++)
                gradient[to] += dy[i] * other[from + i];
    }
}
