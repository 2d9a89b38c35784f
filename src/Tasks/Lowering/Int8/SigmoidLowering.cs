using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Sigmoid: a table for u8 values, fixed point for 32-bit logits.</summary>
[Lowers(LoweringForm.Integer, typeof(SigmoidOperator))]
internal sealed class SigmoidLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        if (context.QuantizationOf(node.Outputs[0]).Type != ActivationType.S32)
        {
            TableLowering.Emit(context, node);
            return;
        }
        Storage input = context.Dense(node, context.ReadQuantized(node, node.Inputs[0]));
        Storage output = context.CreateQuantized(node.Outputs[0]);
        FixedPointMultipliers factor = FixedPointPower.Factor(input.Quantization!.Scale);
        context.Step("Int32Sigmoid", "Run", node, $"Sigmoid {context.Graph.TypeOf(node.Outputs[0]).Extents}")
            .Read("input", input)
            .Write("output", output)
            .Int("multiplier", factor.Multipliers[0])
            .Int("shift", factor.Shift)
            .Int("count", output.Count)
            .MayReuse(output, input);
    }
}
