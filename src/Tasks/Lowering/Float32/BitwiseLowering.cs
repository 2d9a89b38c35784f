using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Operations on the bits of two integers.</summary>
[Lowers(LoweringForm.Native, typeof(BitwiseOperation))]
internal sealed class BitwiseLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node) => context.Binary(
        node, node.As<BitwiseOperation>()!.KernelMethodOf(node), context.Read(node, node.Inputs[0]), context.Read(node, node.Inputs[1]),
        context.Create(node.Outputs[0]), FusedBounds.None);
}
