using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>PRelu before opset 7 takes a slope of one dimension as one for each channel.</summary>
[OpsetRule("PRelu")]
internal sealed class PReluRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        TensorType x = context.Type(0), slope = context.Type(1);
        if (context.Opset >= 7 || slope.Rank != 1 || slope.Count == 1 || x.Rank <= 2)
            return [context.Node];
        string aligned = context.NewValue("slope");
        long[] shape = [slope.Count, .. Enumerable.Repeat(1L, x.Rank - 2)];
        return
        [
            context.NewNode("Reshape", [context.Node.Inputs[1], context.AddInts("shape", shape)], aligned),
            context.Node with { Inputs = [context.Node.Inputs[0], aligned] },
        ];
    }
}
