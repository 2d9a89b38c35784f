namespace OptimizerBuild.Operators.Reduction;

/// <summary>
/// Rows divided by the root of the mean of their squares, times a scale (ONNX operator RMSNormalization; B. Zhang and R. Sennrich, "Root
/// Mean Square Layer Normalization", 2019).
/// </summary>
[Operator("RMSNormalization")]
[Input(0, "X", Elements.Floats)]
[Input(1, "scale", Elements.Floats)]
[Output(0, "Y")]
internal sealed class RmsNormalizationOperator : RowNormalizationOperator
{
    /// <inheritdoc/>
    public override bool IsCentred => false;
}
