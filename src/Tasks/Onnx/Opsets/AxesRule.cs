using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Opsets;

/// <summary>
/// Squeeze, Unsqueeze, ReduceSum (before opset 13) and the other reductions (before opset 18) have their axes as an attribute.
/// </summary>
[OpsetRule("Squeeze")]
[OpsetRule("Unsqueeze")]
[OpsetRule("ReduceSum")]
[OpsetRule("ReduceMean")]
[OpsetRule("ReduceMax")]
[OpsetRule("ReduceMin")]
[OpsetRule("ReduceProd")]
internal sealed class AxesRule : OpsetRule
{
    /// <inheritdoc/>
    public override IEnumerable<Node> Normalise(OpsetContext context)
    {
        long[]? axes = context.Node.Ints("axes");
        if (axes is null)
            return [context.Node];
        return [context.WithInputs(1, context.AddInts("axes", axes)).Without("axes")];
    }
}
