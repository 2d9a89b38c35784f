using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Types;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Conversion of the element type.</summary>
[Lowers(LoweringForm.Native, typeof(CastOperator))]
[Lowers(LoweringForm.Native, typeof(CastLikeOperator))]
internal sealed class CastLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Read(node, node.Inputs[0]);
        if (input.Element == context.Graph.TypeOf(node.Outputs[0]).Element)
        {
            context.Alias(node.Outputs[0], input);
            return;
        }
        input = context.Dense(node, input);
        Storage output = context.Create(node.Outputs[0]);
        if (!input.Element.IsNarrow() && !output.Element.IsNarrow())
        {
            context.Cast(node, input, output);
            return;
        }
        LoweredStep step = context.Step("NarrowCast", "Run", node, $"{NativeSteps.Text(input)} → {NativeSteps.Text(output)}")
            .Operand("input", input)
            .Write("output", output)
            .Int("count", output.Count)
            .Int("from", (int)input.Element)
            .Int("to", (int)output.Element)
            .Int("saturate", CastRounding.Saturates(node) ? 1 : 0)
            .Int("rounding", CastRounding.Of(node));
        if (input.ElementSize == output.ElementSize)
            step.MayReuse(output, input);
    }
}
