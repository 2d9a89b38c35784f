namespace OptimizerBuild.Operators.Movement;

/// <summary>Its input unchanged (ONNX operator Identity).</summary>
[Operator("Identity")]
internal sealed class IdentityOperator : ReshapingOperator
{
    /// <inheritdoc/>
    protected override int[] Dimensions(OperatorContext context) => [.. context.Type(0).Dimensions];
}
