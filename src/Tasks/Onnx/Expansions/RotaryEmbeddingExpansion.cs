using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// RotaryEmbedding: pairs of elements turned by an angle that grows with the position (J. Su et al., "RoFormer", 2021, section 3.2).
/// </summary>
[RewrittenOperator("RotaryEmbedding")]
[Input(0, "X", Elements.Floats, Variable = "T")]
[Input(1, "cos_cache", Elements.Floats, Variable = "T")]
[Input(2, "sin_cache", Elements.Floats, Variable = "T")]
[Input(3, "position_ids", Elements.Int64, Optional = true)]
[Output(0, "Y")]
[Parameter("interleaved", ParameterKind.Int)]
[Parameter("num_heads", ParameterKind.Int, Minimum = 0)]
[Parameter("rotary_embedding_dim", ParameterKind.Int, Minimum = 0)]
internal sealed class RotaryEmbeddingExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType type = context.Type(0);
        string x = Split(context, type);
        TensorType split = context.TypeOf(x);
        int size = split.Dimensions[3];
        long turned = context.Node.Int("rotary_embedding_dim", 0) is > 0 and var given ? given : size;
        if (turned > size || turned % 2 != 0)
            throw context.Invalid($"it turns {turned} of {size} elements");
        bool interleaved = context.Node.Int("interleaved", 0) != 0;
        string part = turned == size ? x : context.Slice(x, 3, 0, turned);
        (string a, string b) = interleaved
            ? (Every(context, part, 0, turned), Every(context, part, 1, turned))
            : (context.Slice(part, 3, 0, turned / 2), context.Slice(part, 3, turned / 2, turned));
        (string cos, string sin) = (Angles(context, 1), Angles(context, 2));
        string first = context.Add("Sub", context.Add("Mul", cos, a), context.Add("Mul", sin, b));
        string second = context.Add("Add", context.Add("Mul", sin, a), context.Add("Mul", cos, b));
        string result = interleaved
            ? context.Reshape(context.Add(ExpansionContext.New("Concat", context.Add("Unsqueeze", first, context.Ints(4)),
                context.Add("Unsqueeze", second, context.Ints(4))).With("axis", 4)),
                [.. split.Dimensions.Take(3).Select(d => (long)d), turned])
            : context.Add(ExpansionContext.New("Concat", first, second).With("axis", 3));
        if (turned < size)
            result = context.Add(ExpansionContext.New("Concat", result, context.Slice(x, 3, turned, size)).With("axis", 3));
        context.Return(0, type.Rank == 4 ? context.Transpose(result, 0, 2, 1, 3) : context.Reshape(result, type.Dimensions.AsSpan()));
    }

    // [batch, sequence, heads, size]
    private static string Split(ExpansionContext context, TensorType type)
    {
        if (type.Rank == 4)
            return context.Transpose(context[0], 0, 2, 1, 3);
        long heads = context.Node.Int("num_heads", 0);
        if (type.Rank != 3 || heads == 0 || type.Dimensions[2] % heads != 0)
            throw context.Invalid($"its input is {type} for {heads} heads (num_heads)");
        return context.Reshape(context[0], type.Dimensions[0], type.Dimensions[1], heads, type.Dimensions[2] / heads);
    }

    private static string Every(ExpansionContext context, string value, long from, long end) =>
        context.Add("Slice", value, context.Ints(from), context.Ints(end), context.Ints(3), context.Ints(2));

    // One angle for each pair at each position, the same for all heads.
    private static string Angles(ExpansionContext context, int cache)
    {
        string angles = context.Has(3) ? context.Add("Gather", context[cache], context[3]) : context[cache];
        return context.Add("Unsqueeze", angles, context.Ints(2));
    }
}
