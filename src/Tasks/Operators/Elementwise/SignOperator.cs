using OptimizerBuild.Graphs;

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
}
