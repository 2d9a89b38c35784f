using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>SkipLayerNormalization (com.microsoft): the layer normalisation of a sum of a value, what skipped layers, and a bias.</summary>
[RewrittenOperator("SkipLayerNormalization", Domain = MicrosoftDomain.Name)]
[Input(0, "input", Elements.Floats, Variable = "T")]
[Input(1, "skip", Elements.Floats, Variable = "T")]
[Input(2, "gamma", Elements.Floats, Variable = "T")]
[Input(3, "beta", Elements.Floats, Variable = "T", Optional = true)]
[Input(4, "bias", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "output")]
[Output(1, "mean", Optional = true)]
[Output(2, "inv_std_var", Optional = true)]
[Output(3, "input_skip_bias_sum", Optional = true)]
[Parameter("epsilon", ParameterKind.Float)]
internal sealed class SkipLayerNormalizationExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Gives(1) || context.Gives(2))
            throw context.Unsupported("SkipLayerNormalization without the outputs that training reads");
        string sum = SkippedSum.Of(context, 4);
        context.Return(3, sum);
        string[] inputs = context.Has(3) ? [sum, context[2], context[3]] : [sum, context[2]];
        context.Return(0, context.Add(ExpansionContext.New("LayerNormalization", inputs).With("axis", -1)
            .With("epsilon", new AttributeValue.Float(context.Node.Float("epsilon", 1e-12f)))));
    }
}

/// <summary>SkipSimplifiedLayerNormalization (com.microsoft): the same with a normalisation by the root of the mean square.</summary>
[RewrittenOperator("SkipSimplifiedLayerNormalization", Domain = MicrosoftDomain.Name)]
[Input(0, "input", Elements.Floats, Variable = "T")]
[Input(1, "skip", Elements.Floats, Variable = "T")]
[Input(2, "gamma", Elements.Floats, Variable = "T")]
[Input(3, "bias", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "output")]
[Output(1, "mean", Optional = true)]
[Output(2, "inv_std_var", Optional = true)]
[Output(3, "input_skip_bias_sum", Optional = true)]
[Parameter("epsilon", ParameterKind.Float)]
internal sealed class SkipSimplifiedLayerNormalizationExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Gives(1) || context.Gives(2))
            throw context.Unsupported("SkipSimplifiedLayerNormalization without the outputs that training reads");
        string sum = SkippedSum.Of(context, 3);
        context.Return(3, sum);
        context.Return(0, context.Add(ExpansionContext.New("RMSNormalization", sum, context[2]).With("axis", -1)
            .With("epsilon", new AttributeValue.Float(context.Node.Float("epsilon", 1e-12f)))));
    }
}

/// <summary>The sum that the two have in common.</summary>
internal static class SkippedSum
{
    /// <summary>The first two inputs and, where it is given, the bias.</summary>
    public static string Of(ExpansionContext context, int bias)
    {
        string sum = context.Add("Add", context[0], context[1]);
        return context.Has(bias) ? context.Add("Add", sum, context[bias]) : sum;
    }
}
