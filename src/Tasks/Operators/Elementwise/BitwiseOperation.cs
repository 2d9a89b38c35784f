using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>An operation on the bits of two integers of one type, with broadcasting.</summary>
[Input(0, "A", Elements.Integers, Variable = "T")]
[Input(1, "B", Elements.Integers, Variable = "T")]
[NotDifferentiable("works on the bits of whole numbers")]
internal abstract class BitwiseOperation : BroadcastArithmetic
{
    /// <summary>The method of the kernel <c>NumericBinary</c> that computes it.</summary>
    public abstract string KernelMethodOf(Node node);

    /// <summary>The operation.</summary>
    protected abstract T Of<T>(Node node, T a, T b)
        where T : unmanaged;

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, ReadOnlySpan<T> b, Span<T> y)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] = Of(node, a[i], b[i]);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> a, T b, Span<T> y)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] = Of(node, a[i], b);
    }

    /// <inheritdoc/>
    protected override void Apply<T>(Node node, T a, ReadOnlySpan<T> b, Span<T> y)
    {
        for (int i = 0; i < y.Length; i++)
            y[i] = Of(node, a, b[i]);
    }
}
