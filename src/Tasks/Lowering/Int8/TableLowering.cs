using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Functions of one u8 value: activations, arithmetic with constants that passes fused, whatever the quantiser gave a
/// table.</summary>
[Lowers(LoweringForm.Integer, typeof(IFunctionOfOneValue))]
[Lowers(LoweringForm.Integer, typeof(PReluOperator))]
internal sealed class TableLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node) => Emit(context, node);

    /// <summary>Emits the look-up of a node's function.</summary>
    public static void Emit(LoweringContext context, Node node)
    {
        Storage input = context.ReadQuantized(node, node.Inputs[0]);
        Storage output = context.CreateQuantized(node.Outputs[0], bordered: true);
        byte[] table = LevelTable.Of(OperatorContext.Of(context.Graph, node), input.Quantization!, output.Quantization!);
        TableSteps.Emit(context, node, input, output, table, $"{node.OpType} {context.Graph.TypeOf(node.Outputs[0]).Extents}");
    }
}
