using OptimizerBuild.Kernels;

namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Exactly one of two booleans at each place, with broadcasting (ONNX operator Xor).</summary>
[Operator("Xor")]
internal sealed class XorOperator : LogicalOperation
{
    /// <inheritdoc/>
    public override KernelCall Kernel => new(nameof(Compare), nameof(Compare.NotEqual));

    /// <inheritdoc/>
    protected override bool Combine(bool a, bool b) => a ^ b;
}
