using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Types;

namespace OptimizerBuild.Lowering.Movement;

/// <summary>The same bytes as elements of another type: nothing to do.</summary>
[Lowers(LoweringForm.Native, typeof(BitCastOperator))]
internal sealed class BitCastLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node) => context.Alias(node.Outputs[0],
        context.Read(node, node.Inputs[0]) with { Element = context.Graph.TypeOf(node.Outputs[0]).Element });
}
