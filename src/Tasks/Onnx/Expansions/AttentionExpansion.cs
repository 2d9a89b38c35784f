using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// Attention: scaled dot products of queries with keys, a softmax, and the mean of the values with its weights (A. Vaswani et al.,
/// "Attention Is All You Need", 2017, section 3.2), with groups of queries for one key, masks, a cache and a soft limit of the scores.
/// </summary>
[RewrittenOperator("Attention")]
[Input(0, "Q", Elements.Floats)]
[Input(1, "K", Elements.Floats)]
[Input(2, "V", Elements.Floats)]
[Input(3, "attn_mask", Elements.Numbers | Elements.Bool, Optional = true)]
[Input(4, "past_key", Elements.Floats, Optional = true)]
[Input(5, "past_value", Elements.Floats, Optional = true)]
[Input(6, "nonpad_kv_seqlen", Elements.Int64, Optional = true, From = 24)]
[Output(0, "Y")]
[Output(1, "present_key", Optional = true)]
[Output(2, "present_value", Optional = true)]
[Output(3, "qk_matmul_output", Optional = true)]
[Parameter("is_causal", ParameterKind.Int)]
[Parameter("kv_num_heads", ParameterKind.Int, Minimum = 1)]
[Parameter("q_num_heads", ParameterKind.Int, Minimum = 1)]
[Parameter("qk_matmul_output_mode", ParameterKind.Int, Minimum = 0)]
[Parameter("scale", ParameterKind.Float)]
[Parameter("softcap", ParameterKind.Float)]
[Parameter("softmax_precision", ParameterKind.Int)]
internal sealed class AttentionExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        for (int i = 4; i < 6; i++)
            if (context.Has(i) && context.Type(i).Rank != 4)
                throw context.Invalid($"its input {i} is {context.Type(i)} instead of batch, heads, sequence and size");
        if (context.Has(3) && context.Type(3).Rank == 0)
            throw context.Invalid("its mask is one number");
        bool flat = context.Type(0).Rank == 3;
        string q = Heads(context, 0, "q_num_heads"), k = Heads(context, 1, "kv_num_heads"), v = Heads(context, 2, "kv_num_heads");
        long past = context.Has(4) ? context.Type(4).Dimensions[2] : 0;
        if (context.Has(4))
            k = Joined(context, context[4], k);
        if (context.Has(5))
            v = Joined(context, context[5], v);
        context.Return(1, k);
        context.Return(2, v);

        TensorType queries = context.TypeOf(q), keys = context.TypeOf(k);
        (string kAll, string vAll) = (Repeated(context, k, queries.Dimensions[1]), Repeated(context, v, queries.Dimensions[1]));
        ElementType element = queries.Element;
        float scale = context.Node.Float("scale", 0);
        double factor = scale != 0 ? scale : 1 / Math.Sqrt(queries.Dimensions[3]);
        string scaled = context.Add("Mul", q, context.Scalar(element, factor));
        string scores = context.Add("MatMul", scaled, context.Transpose(kAll, 0, 1, 3, 2));
        Show(0, scores);
        float limit = context.Node.Float("softcap", 0);
        if (limit != 0)
        {
            string divided = context.Add("Div", scores, context.Scalar(element, limit));
            scores = context.Add("Mul", context.Add("Tanh", divided), context.Scalar(element, limit));
        }
        Show(1, scores);
        foreach (string bias in Biases(context, element, queries.Dimensions[2], keys.Dimensions[2], past))
            scores = context.Add("Add", scores, bias);
        Show(2, scores);
        string weights = context.Add(ExpansionContext.New("Softmax", scores).With("axis", -1));
        Show(3, weights);
        string result = context.Add("MatMul", weights, vAll);
        if (flat)
        {
            TensorType type = context.TypeOf(result);
            result = context.Reshape(context.Transpose(result, 0, 2, 1, 3),
                type.Dimensions[0], type.Dimensions[2], (long)type.Dimensions[1] * type.Dimensions[3]);
        }
        context.Return(0, result);

        void Show(int mode, string value)
        {
            if (context.Node.Int("qk_matmul_output_mode", 0) == mode)
                context.Return(3, value);
        }
    }

    // [batch, heads, sequence, size], also of inputs in which the heads stand side by side.
    private static string Heads(ExpansionContext context, int input, string attribute)
    {
        TensorType type = context.Type(input);
        if (type.Rank == 4)
            return context[input];
        long heads = context.Node.Int(attribute, 0);
        if (type.Rank != 3 || heads == 0 || type.Dimensions[2] % heads != 0)
            throw context.Invalid($"its input {input} is {type} for {heads} heads ({attribute})");
        string split = context.Reshape(context[input], type.Dimensions[0], type.Dimensions[1], heads, type.Dimensions[2] / heads);
        return context.Transpose(split, 0, 2, 1, 3);
    }

    private static string Joined(ExpansionContext context, string past, string now) =>
        context.Add(ExpansionContext.New("Concat", past, now).With("axis", 2));

    // Neighbouring queries share a key and a value.
    private static string Repeated(ExpansionContext context, string value, long heads)
    {
        TensorType type = context.TypeOf(value);
        long own = type.Dimensions[1];
        if (own == heads)
            return value;
        if (own == 0 || heads % own != 0)
            throw context.Invalid($"{heads} heads of queries cannot share {own} heads of keys and values");
        (long n, long length, long size) = (type.Dimensions[0], type.Dimensions[2], type.Dimensions[3]);
        string spread = context.Add("Expand", context.Add("Unsqueeze", value, context.Ints(2)),
            context.Ints(n, own, heads / own, length, size));
        return context.Reshape(spread, n, heads, length, size);
    }

    // What is added to the scores: 0 or a bias where a key counts for a query, else minus infinity.
    private static IEnumerable<string> Biases(ExpansionContext context, ElementType element, int queries, int keys, long past)
    {
        string none = context.Scalar(element, double.NegativeInfinity), zero = context.Scalar(element, 0);
        if (context.Has(3))
        {
            string mask = context.Type(3).Element == ElementType.Bool
                ? context.Add("Where", context[3], zero, none)
                : context.Cast(context[3], element);
            TensorType type = context.TypeOf(mask);
            int missing = keys - type.Dimensions[^1];
            yield return missing <= 0 || type.Dimensions[^1] == 1 ? mask
                : context.Add("Pad", mask, context.Ints(0, missing), none, context.Ints(-1));
        }
        if (context.Node.Int("is_causal", 0) != 0)
        {
            context.Elements(queries, keys);
            float[] later = [.. Enumerable.Range(0, queries * keys)
                .Select(i => (i / keys) + past < i % keys ? float.NegativeInfinity : 0f)];
            yield return context.Add(NumericCast.Convert(Tensor.Of(later, queries, keys), element)!);
        }
        if (context.Has(6))
        {
            string places = context.Add(Tensor.Of([.. Enumerable.Range(0, keys).Select(i => (long)i)], keys));
            string counts = context.Reshape(context[6], context.Type(6).Count, 1, 1, 1);
            yield return context.Add("Where", context.Add("Less", places, counts), zero, none);
        }
    }
}
