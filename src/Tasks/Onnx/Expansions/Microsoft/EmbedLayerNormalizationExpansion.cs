using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>
/// EmbedLayerNormalization (com.microsoft): the layer normalisation of the sum of embeddings of words, of places and of segments, as BERT
/// begins (J. Devlin et al., "BERT: Pre-training of Deep Bidirectional Transformers for Language Understanding", 2019, figure 2), and how
/// many places of each sequence a mask leaves.
/// </summary>
[RewrittenOperator("EmbedLayerNormalization", Domain = MicrosoftDomain.Name)]
[Input(0, "input_ids", Elements.Int32)]
[Input(1, "segment_ids", Elements.Int32, Optional = true)]
[Input(2, "word_embedding", Elements.Floats, Variable = "T")]
[Input(3, "position_embedding", Elements.Floats, Variable = "T")]
[Input(4, "segment_embedding", Elements.Floats, Variable = "T", Optional = true)]
[Input(5, "gamma", Elements.Floats, Variable = "T")]
[Input(6, "beta", Elements.Floats, Variable = "T")]
[Input(7, "mask", Elements.Int32, Optional = true)]
[Input(8, "position_ids", Elements.Int32, Optional = true)]
[Output(0, "output")]
[Output(1, "mask_index", Optional = true)]
[Output(2, "embedding_sum", Optional = true)]
[Parameter("epsilon", ParameterKind.Float)]
[Parameter("mask_index_type", ParameterKind.Int)]
internal sealed class EmbedLayerNormalizationExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType ids = context.Type(0);
        if (ids.Rank != 2 || context.Has(1) != context.Has(4))
            throw context.Invalid($"its input_ids are {ids}, and it has segments without embeddings for them or the converse");
        string places = context.Has(8) ? context[8]
            : context.Add(Tensor.Of([.. Enumerable.Range(0, ids.Dimensions[1])], 1, ids.Dimensions[1]));
        string sum = context.Add("Add", context.Add("Gather", context[2], context[0]), context.Add("Gather", context[3], places));
        if (context.Has(1))
            sum = context.Add("Add", sum, context.Add("Gather", context[4], context[1]));
        context.Return(2, sum);
        context.Return(0, context.Add(ExpansionContext.New("LayerNormalization", sum, context[5], context[6]).With("axis", -1)
            .With("epsilon", new AttributeValue.Float(context.Node.Float("epsilon", 1e-12f)))));
        context.Return(1, context.Has(7)
            ? context.Reduce("ReduceSum", context[7], [1], keep: false)
            : context.Add(Tensor.Of(new int[ids.Dimensions[0]], ids.Dimensions[0])));
    }
}
