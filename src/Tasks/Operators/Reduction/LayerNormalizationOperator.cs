namespace OptimizerBuild.Operators.Reduction;

/// <summary>
/// Rows brought to mean 0 and variance 1, then scaled and shifted (ONNX operator LayerNormalization; Ba, Kiros and Hinton, 2016).
/// </summary>
[Operator("LayerNormalization")]
[Input(0, "X", Elements.Floats)]
[Input(1, "Scale", Elements.Floats)]
[Input(2, "B", Elements.Floats, Optional = true)]
[Output(0, "Y")]
[Output(1, "Mean", Optional = true)]
[Output(2, "InvStdDev", Optional = true)]
internal sealed class LayerNormalizationOperator : RowNormalizationOperator
{
    /// <inheritdoc/>
    public override bool IsCentred => true;
}
