using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>GatherElements: at each place of the indices the element that they name along one axis.</summary>
[RewrittenOperator("GatherElements")]
[Input(0, "data", Elements.All)]
[Input(1, "indices", Elements.Indices)]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int)]
internal sealed class GatherElementsExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType data = context.Type(0);
        int axis = context.Axis(context.Node.Int("axis", 0), data.Rank);
        string flat = FlatIndices.AlongAxis(context, data, context[1], axis);
        context.Return(0, context.Add("Gather", context.Reshape(context[0], data.Count), flat));
    }
}
