using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>Boolean operators. A truth value is a byte of 0 or 1, so that arithmetic and comparisons of bytes serve them.</summary>
[Lowers(LoweringForm.Native, "And")]
[Lowers(LoweringForm.Native, "Or")]
[Lowers(LoweringForm.Native, "Xor")]
[Lowers(LoweringForm.Native, "Not")]
internal sealed class LogicLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage a = context.Read(node, node.Inputs[0]);
        Storage b = node.OpType == "Not" ? False(context, node) : context.Read(node, node.Inputs[1]);
        Storage output = context.Create(node.Outputs[0]);
        if (node.OpType is "And" or "Or")
        {
            context.Binary(node, node.OpType == "And" ? "Min" : "Max", a, b, output, FusedBounds.None);
            return;
        }
        BoxShape box = BoxShape.Of(
            output.Dimensions.AsSpan(), output.Strides,
            a.BroadcastStrides(output.Dimensions.AsSpan()), b.BroadcastStrides(output.Dimensions.AsSpan()));
        context.Step("Compare", node.OpType == "Not" ? "Equal" : "NotEqual", node, $"{node.OpType} {NativeSteps.Text(a)}")
            .Operand("a", a)
            .Operand("b", b)
            .Write("output", output)
            .Int("elementType", (int)ElementType.Bool)
            .Ints("dims", box.Dimensions)
            .Ints("aStrides", box.Strides[1])
            .Ints("bStrides", box.Strides[2]);
    }

    private static Storage False(LoweringContext context, Node node)
    {
        Storage zero = context.CreateScratch(node, ElementType.Bool);
        context.Fill(node, zero, 0, "false");
        return zero;
    }
}
