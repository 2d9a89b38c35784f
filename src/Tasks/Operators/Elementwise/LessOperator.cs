namespace OptimizerBuild.Operators.Elementwise;

/// <summary>a &lt; b at each place, with broadcasting (ONNX operator Less).</summary>
[Operator("Less")]
internal sealed class LessOperator : Comparison
{
    /// <inheritdoc/>
    protected override bool Holds<T>(T a, T b) => a < b;
}
