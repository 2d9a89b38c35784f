using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// TensorScatter: a cache with updates written from a place of its own for each element of the batch, perhaps around its end.
/// </summary>
[RewrittenOperator("TensorScatter")]
[Input(0, "past_cache", Elements.All, Variable = "T")]
[Input(1, "update", Elements.All, Variable = "T")]
[Input(2, "write_indices", Elements.Int64, Optional = true)]
[Output(0, "present_cache")]
[Parameter("axis", ParameterKind.Int)]
[Parameter("mode", ParameterKind.String, Choices = ["linear", "circular"])]
internal sealed class TensorScatterExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType cache = context.Type(0), update = context.Type(1);
        int axis = context.Axis(context.Node.Int("axis", -2), cache.Rank);
        if (axis == 0 || update.Rank != cache.Rank || update.Dimensions.Where((d, i) => i != axis && d != cache.Dimensions[i]).Any())
            throw context.Invalid($"its cache is {cache}, its update {update} and its axis {axis}");
        int[] Along(int of, int count) => [.. cache.Dimensions.Select((_, i) => i == of ? count : 1)];
        string places = context.Add(Tensor.Of(
            [.. Enumerable.Range(0, update.Dimensions[axis]).Select(t => (long)t)], Along(axis, update.Dimensions[axis])));
        if (context.Has(2))
            places = context.Add("Add", places, context.Reshape(context[2], Along(0, cache.Dimensions[0])));
        if (context.Node.Text("mode", "linear") == "circular")
            places = context.Add("Mod", places, context.Scalar(ElementType.Int64, cache.Dimensions[axis]));
        string all = context.Add("Expand", places, context.Ints([.. update.Dimensions.Select(d => (long)d)]));
        context.Return(0, context.Add(ExpansionContext.New("ScatterElements", context[0], all, context[1]).With("axis", axis)));
    }
}
