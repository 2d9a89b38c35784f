using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// NonZero: the indices of elements that are not 0, a column for each. Where the tensor is not constant, there are as many columns as it
/// has elements, and a length says how many count.
/// </summary>
[RewrittenOperator("NonZero")]
[Input(0, "X", Elements.Numbers | Elements.Bool)]
[Output(0, "Y")]
internal sealed class NonZeroExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType type = context.Type(0);
        int count = type.Count;
        context.Elements(type.Rank, count);
        if (type.Rank == 0)
            throw context.Unsupported("NonZero of a tensor with dimensions");
        if (count == 0)
        {
            context.Return(0, context.Add(Tensor.Of(Array.Empty<long>(), type.Rank, 0)));
            return;
        }
        string flags = context.Reshape(context.Cast(context[0], ElementType.Bool), (long)count);
        (string selected, string length) = SelectedPlaces.Of(context, flags);
        long[] strides = [.. Enumerable.Range(1, type.Rank).Select(d => (long)Shapes.Count(type.Dimensions.AsSpan()[d..]))];
        string rows = context.Add("Div", context.Reshape(selected, 1, count), Column(strides));
        string indices = context.Add("Mod", rows, Column([.. type.Dimensions.Select(d => (long)d)]));
        context.Return(0, indices, length, 1);

        string Column(long[] values) => context.Add(Tensor.Of(values, values.Length, 1));
    }
}
