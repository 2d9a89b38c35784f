using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Concat before opset 4 joins along axis 1 where none is given.</summary>
[OpsetRule("Concat")]
internal sealed class ConcatRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        return [context.Opset >= 4 || context.Node.Has("axis") ? context.Node : context.Node.With("axis", 1)];
    }
}
