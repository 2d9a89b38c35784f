using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>BatchNormalization before opset 14 marks training by further outputs, before opset 7 by <c>is_test</c>.</summary>
[OpsetRule("BatchNormalization")]
internal sealed class BatchNormalizationRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 14)
            return [context.Node];
        if (context.Node.Int("spatial", 1) == 0 && context.Type(0).Rank > 2)
            throw context.Unsupported("BatchNormalization with one mean and variance for each channel (spatial=1)");
        // Files trained long ago list running statistics as outputs, although nothing reads them in inference.
        Node node = context.Node.Without("spatial").Without("is_test").Without("momentum");
        return [node with { Outputs = [.. node.Outputs.Take(1)] }];
    }
}
