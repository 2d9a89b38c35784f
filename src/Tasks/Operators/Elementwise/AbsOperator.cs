using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Absolute value; the smallest signed integer stays itself, as its magnitude cannot be represented (ONNX operator Abs).</summary>
[Operator("Abs")]
internal sealed class AbsOperator : NumericFunction
{
    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> x, Span<T> y)
    {
        for (int i = 0; i < x.Length; i++)
            y[i] = x[i] < T.Zero ? unchecked(T.Zero - x[i]) : T.IsZero(x[i]) ? T.Zero : x[i];
    }

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => Math.Sign(x);

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Unary), nameof(Float32Unary.Abs));

    /// <inheritdoc/>
    public override string NumericMethod => nameof(NumericUnary.Abs);
}
