using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Quantization;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// QuantizeLinear and DequantizeLinear at the edges of what runs in integers: u8 levels are the same bytes inside and outside, s8 levels
/// differ from them in the highest bit.
/// </summary>
[Lowers(LoweringForm.Integer, typeof(QuantizeLinearOperator))]
[Lowers(LoweringForm.Integer, typeof(DequantizeLinearOperator))]
internal sealed class LevelsLowering : NodeLowering
{
    // The levels of s8 as bytes of u8, and the converse.
    private static readonly byte[] OtherSign = [.. Enumerable.Range(0, 256).Select(b => (byte)(b ^ 0x80))];

    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        string value = node.Outputs[0];
        TensorType type = context.Graph.TypeOf(value);
        bool isInside = type.Element == ElementType.Float32;
        Storage input = isInside ? context.Read(node, node.Inputs[0]) : context.ReadQuantized(node, node.Inputs[0]);
        bool isSigned = (isInside ? input.Element : type.Element) == ElementType.Int8;
        if (!isSigned)
        {
            context.Alias(value, input with { Quantization = isInside ? context.QuantizationOf(value) : null });
            return;
        }
        Storage output = isInside ? context.CreateQuantized(value, bordered: true) : context.Create(value);
        TableSteps.Emit(context, node, input, output, OtherSign, $"other sign {type.Extents}");
    }
}
