using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Slice before opset 10 has starts, ends and axes as attributes.</summary>
[OpsetRule("Slice")]
internal sealed class SliceRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 10)
            return [context.Node];
        long[] starts = context.Node.Ints("starts")!;
        long[] ends = context.Node.Ints("ends")!;
        Node node = context.WithInputs(1, context.AddInts("starts", starts), context.AddInts("ends", ends),
            context.Node.Ints("axes") is { } axes ? context.AddInts("axes", axes) : "");
        return [node.Without("starts").Without("ends").Without("axes")];
    }
}
