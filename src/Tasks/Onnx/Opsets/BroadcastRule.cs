using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Binary operators before opset 7 broadcast only where <c>broadcast</c> says so, at the place <c>axis</c> names.</summary>
[OpsetRule("Add")]
[OpsetRule("Sub")]
[OpsetRule("Mul")]
[OpsetRule("Div")]
[OpsetRule("Pow")]
[OpsetRule("And")]
[OpsetRule("Or")]
[OpsetRule("Xor")]
[OpsetRule("Equal")]
[OpsetRule("Greater")]
[OpsetRule("Less")]
internal sealed class BroadcastRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 7)
            return [context.Node];
        TensorType a = context.Type(0), b = context.Type(1);
        Node node = context.Node.Without("broadcast").Without("axis").Without("consumed_inputs");
        if (context.Node.Int("broadcast", 0) == 0)
            return a.Dimensions.AsSpan().SequenceEqual(b.Dimensions.AsSpan())
                ? [node]
                : throw context.Invalid($"{a} and {b} differ, and it has no broadcast=1");
        if (!context.Node.Has("axis"))
            return [node];
        // B's dimensions stand at A's from the axis on: dimensions of size 1 behind them bring them there.
        long axis = context.Node.Int("axis", 0);
        axis = axis < 0 ? axis + a.Rank : axis;
        if (axis < 0 || axis + b.Rank > a.Rank)
            throw context.Invalid($"{b} does not fit {a} at axis {axis}");
        string aligned = context.NewValue("aligned");
        long[] shape = [.. b.Dimensions.Select(d => (long)d), .. Enumerable.Repeat(1L, (int)(a.Rank - axis - b.Rank))];
        return
        [
            context.NewNode("Reshape", [context.Node.Inputs[1], context.AddInts("shape", shape)], aligned).With("allowzero", 1),
            node with { Inputs = [context.Node.Inputs[0], aligned] },
        ];
    }
}
