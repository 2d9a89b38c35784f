using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Both of two booleans at each place, with broadcasting (ONNX operator And).</summary>
[Operator("And")]
internal sealed class AndOperator : LogicalOperation
{
    /// <inheritdoc/>
    public override KernelCall Kernel => new(nameof(NumericBinary), nameof(NumericBinary.Min));

    /// <inheritdoc/>
    protected override bool Combine(bool a, bool b) => a & b;
}
