using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>x · max(0, min(1, x/6 + 1/2)) (ONNX operator HardSwish).</summary>
[Operator("HardSwish")]
internal sealed class HardSwishOperator : FloatFunction
{
    /// <inheritdoc/>
    public override double Compute(Node node, double x) => x * Math.Clamp((x / 6) + 0.5, 0, 1);
}
