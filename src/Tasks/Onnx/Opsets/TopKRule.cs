using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>TopK before opset 10 has its count as an attribute.</summary>
[OpsetRule("TopK")]
internal sealed class TopKRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 10)
            return [context.Node];
        return [context.WithInputs(1, context.AddInts("k", context.Node.Int("k", 1))).Without("k")];
    }
}
