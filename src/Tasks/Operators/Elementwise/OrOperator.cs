using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>At least one of two booleans at each place, with broadcasting (ONNX operator Or).</summary>
[Operator("Or")]
internal sealed class OrOperator : LogicalOperation
{
    /// <inheritdoc/>
    public override KernelCall Kernel => new(nameof(NumericBinary), nameof(NumericBinary.Max));

    /// <inheritdoc/>
    protected override bool Combine(bool a, bool b) => a | b;
}
