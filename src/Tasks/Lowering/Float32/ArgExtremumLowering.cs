using OptimizerBuild.Graphs;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>The index of the greatest or least element along one axis.</summary>
[Lowers(LoweringForm.Native, "ArgMax")]
[Lowers(LoweringForm.Native, "ArgMin")]
internal sealed class ArgExtremumLowering : NodeLowering
{
    /// <inheritdoc/>
    public override void Lower(LoweringContext context, Node node)
    {
        Storage input = context.Dense(node, context.Read(node, node.Inputs[0]));
        Storage output = context.Create(node.Outputs[0]);
        if (output.Count == 0)
            return;
        int axis = Shapes.Axis(node.Int("axis", 0), input.Dimensions.Length);
        context.Step("ArgExtremum", node.OpType["Arg".Length..], node, $"{node.OpType} {NativeSteps.Text(input)} along axis {axis}")
            .Operand("input", input)
            .Write("output", output)
            .Int("elementType", (int)input.Element)
            .Int("outer", Shapes.Count(input.Dimensions.AsSpan()[..axis]))
            .Int("count", input.Dimensions[axis])
            .Int("inner", Shapes.Count(input.Dimensions.AsSpan()[(axis + 1)..]))
            .Int("last", node.Int("select_last_index", 0) != 0 ? 1 : 0);
    }
}
