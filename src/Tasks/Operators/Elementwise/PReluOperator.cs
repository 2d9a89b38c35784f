using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x where positive, else slope·x; the slope broadcasts to x (ONNX operator PRelu).</summary>
[Operator("PRelu")]
[Input(0, "X", Elements.Numbers, Variable = "T")]
[Input(1, "slope", Elements.Numbers, Variable = "T")]
[Output(0, "Y")]
internal sealed class PReluOperator : BinaryArithmetic, IPassesFactors
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        ImmutableArray<TensorType> types = base.Infer(context);
        return types[0] == context.Type(0)
            ? types
            : throw context.Invalid($"its slope {context.Type(1)} does not broadcast to {context.Type(0)}");
    }

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 && context.InputConstants[1] is { Count: 1 }
            ? Operators.IntegerForm.Table
            : Operators.IntegerForm.None;

    /// <inheritdoc/>
    public ChannelLinks FactorLinks(OperatorContext context, ChannelPort port) => IPassesFactors.OfOneOperand(context, port, 0);

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] = Value(a[i], b[i]);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] = Value(a[i], b);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] = Value(a, b[i]);
    }

    private static T Value<T>(T x, T slope)
        where T : INumber<T> => x < T.Zero ? slope * x : x;

    /// <inheritdoc/>
    public override string KernelMethod => nameof(Float32Binary.PRelu);

    /// <inheritdoc/>
    public override (double A, double B) Derivatives(Node node, double a, double b) => a < 0 ? (b, a) : (1, 0);
}
