using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>OneHot: along a new axis the on value at the place that the index names, elsewhere the off value.</summary>
[RewrittenOperator("OneHot")]
[Input(0, "indices", Elements.Numbers)]
[Input(1, "depth", Elements.Numbers, Fixed = true)]
[Input(2, "values", Elements.Numbers | Elements.Bool)]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int)]
internal sealed class OneHotExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType type = context.Type(0);
        long[] depths = context.Integers(1);
        if (depths is not [> 0 and <= int.MaxValue and var depth] || context.Type(2).Count != 2)
            throw context.Invalid($"its depth is [{string.Join(',', depths)}] and its values are {context.Type(2)}");
        context.Elements(depth);
        int axis = context.Axis(context.Node.Int("axis", -1), type.Rank + 1);
        string indices = context.Cast(context[0], ElementType.Int64);
        string wrapped = context.Add("Where", context.Add("Less", indices, context.Scalar(ElementType.Int64, 0)),
            context.Add("Add", indices, context.Scalar(ElementType.Int64, depth)), indices);
        string places = context.Add(Tensor.Of([.. Enumerable.Range(0, (int)depth).Select(i => (long)i)],
            [(int)depth, .. Enumerable.Repeat(1, type.Rank - axis)]));
        string equal = context.Add("Equal", context.Add("Unsqueeze", wrapped, context.Ints(axis)), places);
        string Value(int index) => context.Reshape(context.Slice(context[2], 0, index, index + 1), Array.Empty<long>());
        context.Return(0, context.Add("Where", equal, Value(1), Value(0)));
    }
}
