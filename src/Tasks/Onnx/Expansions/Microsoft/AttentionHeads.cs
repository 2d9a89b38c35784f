using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>What the attention operators of com.microsoft have in common: heads side by side, and masks of integers.</summary>
internal static class AttentionHeads
{
    /// <summary>[batch, sequence, heads · size] as [batch, heads, sequence, size].</summary>
    public static string Split(ExpansionContext context, string value, long heads)
    {
        TensorType type = context.TypeOf(value);
        if (type.Rank != 3 || heads < 1 || type.Dimensions[2] % heads != 0)
            throw context.Invalid($"a value of {type} has no {heads} heads");
        string split = context.Reshape(value, type.Dimensions[0], type.Dimensions[1], heads, type.Dimensions[2] / heads);
        return context.Transpose(split, 0, 2, 1, 3);
    }

    /// <summary>The converse of <see cref="Split"/>.</summary>
    public static string Joined(ExpansionContext context, string value)
    {
        TensorType type = context.TypeOf(value);
        return context.Reshape(context.Transpose(value, 0, 2, 1, 3),
            type.Dimensions[0], type.Dimensions[2], (long)type.Dimensions[1] * type.Dimensions[3]);
    }

    /// <summary>What a mask adds to the scores: 0 where a key counts, else the attribute <c>mask_filter_value</c>.</summary>
    /// <param name="context">The node.</param>
    /// <param name="mask">An int32 mask: [batch] lengths, [batch, keys] or [batch, queries, keys] of ones and zeros.</param>
    /// <param name="element">The element type of the scores.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="keys">The number of keys.</param>
    public static string Bias(ExpansionContext context, string mask, ElementType element, int batch, int keys)
    {
        TensorType type = context.TypeOf(mask);
        string zero = context.Scalar(ElementType.Int32, 0);
        string counts;
        if (type.Rank == 1 && type.Count == batch)
        {
            string places = context.Add(Tensor.Of([.. Enumerable.Range(0, keys)], 1, 1, 1, keys));
            counts = context.Add("Less", places, context.Reshape(mask, batch, 1, 1, 1));
        }
        else if (type.Rank is 2 or 3 && type.Dimensions[0] == batch && type.Dimensions[^1] == keys)
        {
            string wide = context.Reshape(mask, batch, 1, type.Rank == 2 ? 1 : type.Dimensions[1], keys);
            counts = context.Add("Greater", wide, zero);
        }
        else
        {
            throw context.Unsupported($"a mask of [{batch}], [{batch}, {keys}] or [{batch}, queries, {keys}], not {type}");
        }
        return context.Add("Where", counts, context.Scalar(element, 0),
            context.Scalar(element, context.Node.Float("mask_filter_value", -10000)));
    }

    /// <summary>The standard's attention with the node's scale and direction.</summary>
    /// <param name="context">The node.</param>
    /// <param name="inputs">Queries, keys and values [batch, heads, sequence, size], the sum of masks, and the past of keys and values;
    /// empty where there is none.</param>
    /// <returns>The result, and keys and values with their past.</returns>
    public static string[] Attend(ExpansionContext context, params ReadOnlySpan<string> inputs)
    {
        Node attention = ExpansionContext.New("Attention", inputs[..(inputs.LastIndexOfAnyExcept("") + 1)])
            .With("is_causal", context.Node.Int("unidirectional", 0));
        if (context.Node.Float("scale", 0) is not 0 and var scale)
            attention = attention.With("scale", new AttributeValue.Float(scale));
        return context.Add(attention, 3);
    }

    /// <summary>The attention of queries, keys and values that lie side by side, and what the node returns.</summary>
    /// <param name="context">The node, whose outputs are the result and perhaps keys and values with their past.</param>
    /// <param name="projected">[batch, sequence, the sum of the sizes].</param>
    /// <param name="sizes">The sizes of queries, keys and values, all heads together.</param>
    /// <param name="mask">The input that is a mask of integers.</param>
    /// <param name="past">The input that is the past of keys and values, [2, batch, heads, sequence, size].</param>
    /// <param name="bias">The input that is added to the scores; −1 where the operator has none.</param>
    public static void AttendProjected(ExpansionContext context, string projected, long[] sizes, int mask, int past, int bias)
    {
        TensorType type = context.TypeOf(projected);
        long heads = context.Node.Int("num_heads", 1);
        var own = new string[3];
        long from = 0;
        for (int i = 0; i < own.Length; i++, from += sizes[i - 1])
            own[i] = Split(context, context.Slice(projected, 2, from, from + sizes[i]), heads);
        string[] before = context.Has(past) ? [Past(context, past, 0), Past(context, past, 1)] : ["", ""];
        int keys = type.Dimensions[1] + (context.Has(past) ? context.TypeOf(before[0]).Dimensions[2] : 0);
        string sum = context.Has(mask) ? Bias(context, context[mask], type.Element, type.Dimensions[0], keys) : "";
        if (bias >= 0 && context.Has(bias))
            sum = sum.Length > 0 ? context.Add("Add", sum, context[bias]) : context[bias];
        string[] results = Attend(context, own[0], own[1], own[2], sum, before[0], before[1]);
        context.Return(0, Joined(context, results[0]));
        if (context.Gives(1))
        {
            string zero = context.Ints(0);
            string[] both = [context.Add("Unsqueeze", results[1], zero), context.Add("Unsqueeze", results[2], zero)];
            context.Return(1, context.Add(ExpansionContext.New("Concat", both).With("axis", 0)));
        }
    }

    // Keys or values of [2, batch, heads, sequence, size].
    private static string Past(ExpansionContext context, int input, long part)
    {
        TensorType type = context.Type(input);
        return type.Rank == 5 && type.Dimensions[0] == 2
            ? context.Reshape(context.Slice(context[input], 0, part, part + 1), type.Dimensions.AsSpan()[1..])
            : throw context.Invalid($"its past is {type}");
    }
}
