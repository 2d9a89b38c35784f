using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Split before opset 13 has its sizes as an attribute.</summary>
[OpsetRule("Split")]
internal sealed class SplitRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 13 || context.Node.Ints("split") is not { } split)
            return [context.Node];
        return [context.WithInputs(1, context.AddInts("split", split)).Without("split")];
    }
}
