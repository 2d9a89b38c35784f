using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Int8;

/// <summary>Functions of one u8 value: activations, arithmetic with constants that passes fused, whatever the quantiser gave a
/// table.</summary>
[Lowers(LoweringForm.Integer, "Relu")]
[Lowers(LoweringForm.Integer, "LeakyRelu")]
[Lowers(LoweringForm.Integer, "PRelu")]
[Lowers(LoweringForm.Integer, "Clip")]
[Lowers(LoweringForm.Integer, "Tanh")]
[Lowers(LoweringForm.Integer, "HardSigmoid")]
[Lowers(LoweringForm.Integer, "HardSwish")]
[Lowers(LoweringForm.Integer, "Elu")]
[Lowers(LoweringForm.Integer, "Celu")]
[Lowers(LoweringForm.Integer, "Selu")]
[Lowers(LoweringForm.Integer, "Gelu")]
[Lowers(LoweringForm.Integer, "Mish")]
[Lowers(LoweringForm.Integer, "Swish")]
[Lowers(LoweringForm.Integer, "Softplus")]
[Lowers(LoweringForm.Integer, "Softsign")]
[Lowers(LoweringForm.Integer, "ThresholdedRelu")]
[Lowers(LoweringForm.Integer, "Exp")]
[Lowers(LoweringForm.Integer, "Log")]
[Lowers(LoweringForm.Integer, "Sqrt")]
[Lowers(LoweringForm.Integer, "Reciprocal")]
[Lowers(LoweringForm.Integer, "Neg")]
[Lowers(LoweringForm.Integer, "Abs")]
[Lowers(LoweringForm.Integer, "Erf")]
[Lowers(LoweringForm.Integer, "Sign")]
[Lowers(LoweringForm.Integer, "Ceil")]
[Lowers(LoweringForm.Integer, "Floor")]
[Lowers(LoweringForm.Integer, "Round")]
[Lowers(LoweringForm.Integer, "Sin")]
[Lowers(LoweringForm.Integer, "Cos")]
[Lowers(LoweringForm.Integer, "Pow")]
[Lowers(LoweringForm.Integer, "Div")]
[Lowers(LoweringForm.Integer, "FusedElementwise", Domain = Node.InternalDomain)]
internal sealed class TableLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node) => Emit(context, node);

    /// <summary>Emits the look-up of a node's function.</summary>
    public static void Emit(LoweringContext context, Node node)
    {
        Storage input = context.ReadQuantized(node, node.Inputs[0]);
        Storage output = context.CreateQuantized(node.Outputs[0], bordered: true);
        byte[] table = IntegerTable.Compute(OperatorContext.Of(context.Graph, node), input.Quantization!, output.Quantization!);
        TableSteps.Emit(context, node, input, output, table, $"{node.OpType} {context.Graph.TypeOf(node.Outputs[0]).Extents}");
    }
}
