using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// ScatterElements (Scatter, as it was called before opset 11): the data with updates at the places that indices name along one axis.
/// </summary>
[RewrittenOperator("ScatterElements")]
[RewrittenOperator("Scatter")]
[Input(0, "data", Elements.All, Variable = "T")]
[Input(1, "indices", Elements.Indices)]
[Input(2, "updates", Elements.All, Variable = "T")]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int)]
[Parameter("reduction", ParameterKind.String, Choices = ["none", "add", "mul", "max", "min"], From = 16)]
internal sealed class ScatterElementsExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType data = context.Type(0), indices = context.Type(1);
        if (!indices.Dimensions.SequenceEqual(context.Type(2).Dimensions))
            throw context.Invalid($"its indices are {indices} and its updates {context.Type(2)}");
        int axis = context.Axis(context.Node.Int("axis", 0), data.Rank);
        string flat = context.Reshape(FlatIndices.AlongAxis(context, data, context[1], axis), indices.Count);
        string scattered = context.Add(NodeOperators.New<ScatterRowsOperator>(
            "", [context.Reshape(context[0], data.Count, 1), flat, context.Reshape(context[2], indices.Count, 1)], [])
            .With("reduction", new AttributeValue.Text(context.Node.Text("reduction", "none"))));
        context.Return(0, context.Reshape(scattered, data.Dimensions.AsSpan()));
    }
}
