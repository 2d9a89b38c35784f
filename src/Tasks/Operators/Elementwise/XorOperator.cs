namespace OptimizerBuild.Operators.Elementwise;

/// <summary>Exactly one of two booleans at each place, with broadcasting (ONNX operator Xor).</summary>
[Operator("Xor")]
internal sealed class XorOperator : LogicalOperation
{
    /// <inheritdoc/>
    protected override bool Combine(bool a, bool b) => a ^ b;
}
