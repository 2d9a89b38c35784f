using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>a = b at each place, with broadcasting (ONNX operator Equal).</summary>
[Operator("Equal")]
internal sealed class EqualOperator : Comparison
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Compare.Equal);

    /// <inheritdoc/>
    public override StringUse OnStrings => StringUse.Compares;

    /// <inheritdoc/>
    protected override bool Accepts(ElementType element) => !element.IsNarrow();

    /// <inheritdoc/>
    protected override bool Holds<T>(T a, T b) => a == b;
}
