using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>GatherND: the parts of a tensor that tuples of indices name.</summary>
[RewrittenOperator("GatherND")]
[Input(0, "data", Elements.All)]
[Input(1, "indices", Elements.Int64)]
[Output(0, "output")]
[Parameter("batch_dims", ParameterKind.Int, Minimum = 0)]
internal sealed class GatherNDExpansion : Expansion, IKeepsExtent
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType data = context.Type(0), indices = context.Type(1);
        int batches = (int)Math.Min(context.Node.Int("batch_dims", 0), int.MaxValue);
        (string rows, long count, long width) = FlatIndices.OfTuples(context, data, context[1], batches);
        string gathered = context.Add("Gather", context.Reshape(context[0], count, width), rows);
        int[] shape = [.. indices.Dimensions.Take(indices.Rank - 1), .. data.Dimensions.Skip(batches + indices.Dimensions[^1])];
        context.Return(0, context.Reshape(gathered, shape));
    }

    /// <inheritdoc/>
    public int? ResultAxis(OperatorContext context, IReadOnlyList<int?> axes) =>
        axes[0] is null && axes[1] is { } axis && axis < context.Type(1).Rank - 1 && context.Node.Int("batch_dims", 0) == 0 ? axis : null;
}
