using System.Collections.Immutable;
using System.Numerics;
using System.Numerics.Tensors;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>
/// Quotients, of integers towards zero (ONNX operator Div). What ONNX leaves open is as the kernels have it: an integer divided by zero
/// is 0, the least integer divided by −1 is itself.
/// </summary>
[Operator("Div")]
internal sealed class DivOperator : BinaryArithmetic, IPassesFactors
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        ImmutableArray<TensorType> types = base.Infer(context);
        if (context.InputConstants[0] is not null && context.InputConstants[1] is { } divisor && !divisor.Element.IsFloat()
            && divisor.ToInt64().Contains(0))
            throw context.Invalid("it divides a constant integer by zero");
        return types;
    }

    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) => IPassesFactors.OfOneOperand(context, port, 0);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
    {
        if (IsReal<T>())
            TensorPrimitives.Divide(a, b, y);
        else
            for (int i = 0; i < y.Length; i++)
                y[i] = Quotient(a[i], b[i]);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y)
    {
        if (IsReal<T>())
            TensorPrimitives.Divide(a, b, y);
        else
            for (int i = 0; i < y.Length; i++)
                y[i] = Quotient(a[i], b);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y)
    {
        if (IsReal<T>())
            TensorPrimitives.Divide(a, b, y);
        else
            for (int i = 0; i < y.Length; i++)
                y[i] = Quotient(a, b[i]);
    }

    private static bool IsReal<T>() => typeof(T) == typeof(float) || typeof(T) == typeof(double) || typeof(T) == typeof(Half);

    private static T Quotient<T>(T a, T b)
        where T : INumber<T> =>
        T.IsZero(b) ? T.Zero : T.IsNegative(b) && T.IsZero(b + T.One) ? unchecked(T.Zero - a) : a / b;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.Div);

    /// <inheritdoc/>
    public override (double A, double B) Derivatives(Node node, double a, double b) => (1 / b, -a / (b * b));

    /// <inheritdoc/>
    public override bool IsAnalytic => true;
}
