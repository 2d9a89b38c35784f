using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Movement;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>ScatterND: the data with updates in the parts that tuples of indices name.</summary>
[RewrittenOperator("ScatterND")]
[Input(0, "data", Elements.All, Variable = "T")]
[Input(1, "indices", Elements.Int64)]
[Input(2, "updates", Elements.All, Variable = "T")]
[Output(0, "output")]
[Parameter("reduction", ParameterKind.String, Choices = ["none", "add", "mul", "max", "min"], From = 16)]
internal sealed class ScatterNDExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType data = context.Type(0), indices = context.Type(1), updates = context.Type(2);
        (string rows, long count, long width) = FlatIndices.OfTuples(context, data, context[1], 0);
        long tuples = Shapes.Count(indices.Dimensions.AsSpan()[..^1]);
        if (updates.Count != tuples * width)
            throw context.Invalid($"its data are {data}, its indices {indices} and its updates {updates}");
        string scattered = context.Add(NodeOperators.New<ScatterRowsOperator>("", [context.Reshape(context[0], count, width),
            context.Reshape(rows, tuples), context.Reshape(context[2], tuples, width)], [])
            .With("reduction", new AttributeValue.Text(context.Node.Text("reduction", "none"))));
        context.Return(0, context.Reshape(scattered, data.Dimensions.AsSpan()));
    }
}
