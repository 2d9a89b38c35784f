using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.WorkedExamples;

/// <summary>|a − b| with broadcasting: arithmetic of two operands that has an integer form of its own.</summary>
[Operator("AbsoluteDifference", Domain = "worked.example")]
internal sealed class AbsoluteDifferenceOperator : BroadcastArithmetic
{
    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0).Element == ElementType.Float32 ? Operators.IntegerForm.Rescale : Operators.IntegerForm.None;

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] = Difference(a[i], b[i]);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] = Difference(a[i], b);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y) => Apply(node, b, a, y);

    private static T Difference<T>(T a, T b)
        where T : System.Numerics.INumber<T> => a > b ? a - b : b - a;
}
