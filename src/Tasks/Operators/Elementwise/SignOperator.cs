using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>−1, 0 or 1; NaN stays NaN (ONNX operator Sign).</summary>
[Operator("Sign")]
internal sealed class SignOperator : NumericFunction
{
    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> x, Span<T> y)
    {
        for (int i = 0; i < x.Length; i++)
            y[i] = x[i] > T.Zero ? T.One : x[i] < T.Zero ? T.Zero - T.One : x[i];
    }

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => 0;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) => new(nameof(Float32Rounding), nameof(Float32Rounding.Sign));

    /// <inheritdoc/>
    public override string NumericMethod => nameof(NumericUnary.Sign);
}
