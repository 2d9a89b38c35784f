using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>a = b at each place, with broadcasting (ONNX operator Equal).</summary>
[Operator("Equal")]
[Input(0, "A", Elements.Numbers | Elements.Bool | Elements.String, Variable = "T")]
[Input(1, "B", Elements.Numbers | Elements.Bool | Elements.String, Variable = "T")]
internal sealed class EqualOperator : Comparison
{
    /// <inheritdoc/>
    public override string KernelMethod => nameof(Compare.Equal);

    /// <inheritdoc/>
    public override StringUse OnStrings => StringUse.Compares;

    /// <inheritdoc/>
    protected override bool Holds<T>(T a, T b) => a == b;
}
