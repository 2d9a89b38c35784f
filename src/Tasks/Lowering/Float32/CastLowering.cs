using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Conversion of the element type.</summary>
[Lowers(LoweringForm.Native, "Cast")]
[Lowers(LoweringForm.Native, "CastLike")]
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
        context.Cast(node, input, context.Create(node.Outputs[0]));
    }
}
