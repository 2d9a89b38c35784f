using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>
/// MultiHeadAttention (com.microsoft): scaled dot-product attention of several heads (A. Vaswani et al., "Attention Is All You Need", 2017,
/// section 3.2.2) without the projections around it; queries, keys and values may be packed into one tensor.
/// </summary>
[RewrittenOperator("MultiHeadAttention", Domain = MicrosoftDomain.Name)]
[Input(0, "query", Elements.Floats, Variable = "T")]
[Input(1, "key", Elements.Floats, Variable = "T", Optional = true)]
[Input(2, "value", Elements.Floats, Variable = "T", Optional = true)]
[Input(3, "bias", Elements.Floats, Variable = "T", Optional = true)]
[Input(4, "key_padding_mask", Elements.Int32, Optional = true)]
[Input(5, "attention_bias", Elements.Floats, Variable = "T", Optional = true)]
[Input(6, "past_key", Elements.Floats, Variable = "T", Optional = true)]
[Input(7, "past_value", Elements.Floats, Variable = "T", Optional = true)]
[Input(8, "past_sequence_length", Elements.Int32, Optional = true)]
[Input(9, "cache_indirection", Elements.Int32, Optional = true)]
[Output(0, "output")]
[Output(1, "present_key", Optional = true)]
[Output(2, "present_value", Optional = true)]
[Output(3, "qk", Optional = true)]
[Parameter("mask_filter_value", ParameterKind.Float)]
[Parameter("num_heads", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("scale", ParameterKind.Float)]
[Parameter("unidirectional", ParameterKind.Int)]
internal sealed class MultiHeadAttentionExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Has(8) || context.Has(9) || context.Gives(3))
            throw context.Unsupported("MultiHeadAttention without a shared cache and without scores as an output");
        long heads = context.Node.Int("num_heads", 1);
        string[] own = Parts(context, heads);
        if (context.Has(3))
            own = Biased(context, own, heads);
        TensorType query = context.TypeOf(own[0]);
        for (int i = 6; i < 8; i++)
            if (context.Has(i) && context.Type(i).Rank != 4)
                throw context.Invalid($"its past is {context.Type(i)} instead of batch, heads, sequence and size");
        int keys = context.TypeOf(own[1]).Dimensions[2] + (context.Has(6) ? context.Type(6).Dimensions[2] : 0);
        string mask = context.Has(4) ? AttentionHeads.Bias(context, context[4], query.Element, query.Dimensions[0], keys) : "";
        if (context.Has(5))
            mask = mask.Length > 0 ? context.Add("Add", mask, context[5]) : context[5];
        string[] results = AttentionHeads.Attend(
            context, own[0], own[1], own[2], mask, context.Has(6) ? context[6] : "", context.Has(7) ? context[7] : "");
        context.Return(0, AttentionHeads.Joined(context, results[0]));
        context.Return(1, results[1]);
        context.Return(2, results[2]);
    }

    // Queries, keys and values as [batch, heads, sequence, size].
    private static string[] Parts(ExpansionContext context, long heads)
    {
        TensorType query = context.Type(0);
        if (query.Rank == 5 && !context.Has(1) && query.Dimensions[2] == heads && query.Dimensions[3] == 3)
            return [Packed(context, 0, 0), Packed(context, 0, 1), Packed(context, 0, 2)];
        if (query.Rank != 3 || !context.Has(1))
            throw context.Invalid($"its query is {query}, and it has {(context.Has(1) ? "" : "no ")}keys");
        string q = AttentionHeads.Split(context, context[0], heads);
        TensorType key = context.Type(1);
        if (key.Rank == 5 && !context.Has(2) && key.Dimensions[2] == heads && key.Dimensions[3] == 2)
            return [q, Packed(context, 1, 0), Packed(context, 1, 1)];
        if (!context.Has(2) || context.Type(2).Rank != key.Rank || key.Rank is not (3 or 4)
            || (key.Rank == 4 && (key.Dimensions[1] != heads || context.Type(2).Dimensions[1] != heads)))
            throw context.Invalid($"its keys are {key}, and its values do not fit them");
        return key.Rank == 4 ? [q, context[1], context[2]]
            : [q, AttentionHeads.Split(context, context[1], heads), AttentionHeads.Split(context, context[2], heads)];
    }

    // [batch, sequence, heads, parts, size].
    private static string Packed(ExpansionContext context, int input, long part)
    {
        TensorType type = context.Type(input);
        string one = context.Slice(context[input], 3, part, part + 1);
        return context.Transpose(
            context.Reshape(one, type.Dimensions[0], type.Dimensions[1], type.Dimensions[2], type.Dimensions[4]), 0, 2, 1, 3);
    }

    // The bias of queries, keys and values stands in one list. Keys and values with heads of their own come from a cache, where they have
    // theirs already.
    private static string[] Biased(ExpansionContext context, string[] parts, long heads)
    {
        long from = 0;
        string[] biased = [.. parts];
        int own = context.Has(1) && context.Type(1).Rank == 4 ? 1 : parts.Length;
        for (int i = 0; i < own; i++)
        {
            long size = context.TypeOf(parts[i]).Dimensions[3];
            if (context.Type(3).Rank != 1 || from + (heads * size) > context.Type(3).Count)
                throw context.Invalid($"its bias is {context.Type(3)}");
            string part = context.Reshape(context.Slice(context[3], 0, from, from + (heads * size)), 1, heads, 1, size);
            biased[i] = context.Add("Add", parts[i], part);
            from += heads * size;
        }
        return biased;
    }
}

/// <summary>
/// Attention (com.microsoft): projections of one input to queries, keys and values, and scaled dot-product attention of several heads.
/// </summary>
[RewrittenOperator("Attention", Domain = MicrosoftDomain.Name)]
[Input(0, "input", Elements.Floats, Variable = "T")]
[Input(1, "weights", Elements.Floats, Variable = "T")]
[Input(2, "bias", Elements.Floats, Variable = "T", Optional = true)]
[Input(3, "mask_index", Elements.Int32, Optional = true)]
[Input(4, "past", Elements.Floats, Variable = "T", Optional = true)]
[Input(5, "attention_bias", Elements.Floats, Variable = "T", Optional = true)]
[Input(6, "past_sequence_length", Elements.Int32, Optional = true)]
[Output(0, "output")]
[Output(1, "present", Optional = true)]
[Parameter("do_rotary", ParameterKind.Int)]
[Parameter("mask_filter_value", ParameterKind.Float)]
[Parameter("num_heads", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("past_present_share_buffer", ParameterKind.Int)]
[Parameter("qkv_hidden_sizes", ParameterKind.Ints, Minimum = 1)]
[Parameter("rotary_embedding_dim", ParameterKind.Int)]
[Parameter("scale", ParameterKind.Float)]
[Parameter("unidirectional", ParameterKind.Int)]
internal sealed class ProjectedAttentionExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Node.Int("do_rotary", 0) != 0 || context.Node.Int("past_present_share_buffer", 0) != 0 || context.Has(6))
            throw context.Unsupported("Attention without rotary embedding and without a shared cache");
        TensorType input = context.Type(0), weights = context.Type(1);
        if (input.Rank != 3 || weights.Rank != 2 || weights.Dimensions[0] != input.Dimensions[2])
            throw context.Invalid($"its input is {input}, its weights are {weights}");
        long heads = context.Node.Int("num_heads", 1);
        long[] sizes = context.Node.Ints("qkv_hidden_sizes") ?? [.. Enumerable.Repeat(weights.Dimensions[1] / 3L, 3)];
        if (sizes.Length != 3 || sizes.Any(s => s > weights.Dimensions[1]) || sizes.Sum() != weights.Dimensions[1])
            throw context.Invalid($"its weights are {weights} for queries, keys and values of {string.Join(", ", sizes)}");
        string projected = context.Add("MatMul", context[0], context[1]);
        if (context.Has(2))
            projected = context.Add("Add", projected, context[2]);
        AttentionHeads.AttendProjected(context, projected, sizes, mask: 3, past: 4, bias: 5);
    }
}
