using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.WorkedExamples;

/// <summary>
/// (x + √(x² + b)) / 2, a smooth form of max(0, x) (J. T. Barron, "Squareplus: a softplus-like algebraic rectifier", 2021).
/// </summary>
[Operator("Squareplus", Domain = "worked.example")]
[Parameter("b", ParameterKind.Float)]
internal sealed class SquareplusOperator : FloatFunction
{
    /// <inheritdoc/>
    public override bool IsAnalytic => true;

    /// <inheritdoc/>
    public override bool SettlesSmoothly => true;

    /// <inheritdoc/>
    public override double Compute(Node node, double x) => (x + Math.Sqrt((x * x) + Width(node))) / 2;

    /// <inheritdoc/>
    public override double Derivative(Node node, double x) => (1 + (x / Math.Sqrt((x * x) + Width(node)))) / 2;

    /// <inheritdoc/>
    public override KernelCall Kernel(Node node) =>
        new(nameof(Float32Squareplus), nameof(Float32Squareplus.Run), ("width", Width(node)));

    /// <summary>How wide the bend at 0 is (attribute <c>b</c>).</summary>
    public static float Width(Node node) => node.Float("b", 4);
}
