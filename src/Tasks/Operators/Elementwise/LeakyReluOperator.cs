using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x where positive, else alpha·x (ONNX operator LeakyRelu).</summary>
[Operator("LeakyRelu")]
internal sealed class LeakyReluOperator : NumericFunction
{
    /// <inheritdoc/>
    protected override void Apply<T>(Node node, ReadOnlySpan<T> x, Span<T> y)
    {
        T alpha = T.CreateSaturating(node.Float("alpha", 0.01f));
        for (int i = 0; i < x.Length; i++)
            y[i] = x[i] < T.Zero ? alpha * x[i] : x[i];
    }

    /// <inheritdoc/>
    public override bool PassesPositiveFactors(OperatorContext context, int axis) => true;
}
