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
        context.Cast(node, context.Dense(node, input), context.Create(node.Outputs[0]), CastRounding.Saturates(node),
            CastRounding.Of(node));
    }
}
