using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Gemm before opset 7 has a <c>broadcast</c> attribute, which says nothing that the shapes do not say.</summary>
[OpsetRule("Gemm")]
internal sealed class GemmRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        return [context.Node.Without("broadcast")];
    }
}
