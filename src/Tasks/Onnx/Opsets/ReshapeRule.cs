using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>Reshape before opset 5 has its shape as an attribute.</summary>
[OpsetRule("Reshape")]
internal sealed class ReshapeRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        if (context.Opset >= 5)
            return [context.Node];
        long[] shape = context.Node.Ints("shape")!;
        return [context.WithInputs(1, context.AddInts("shape", shape)).Without("shape").Without("consumed_inputs")];
    }
}
