using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Dropout before opset 12 has its ratio as an attribute and no training mode.</summary>
[OpsetRule("Dropout")]
internal sealed class DropoutRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 12)
            return [context.Node];
        return [context.Node.Without("ratio").Without("is_test")];
    }
}
