using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>FusedConv (com.microsoft): a convolution, to which a tensor may be added, and a function of the sum.</summary>
[RewrittenOperator("FusedConv", Domain = MicrosoftDomain.Name)]
[Input(0, "X", Elements.Floats, Variable = "T")]
[Input(1, "W", Elements.Floats, Variable = "T")]
[Input(2, "B", Elements.Floats, Variable = "T", Optional = true)]
[Input(3, "Z", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "Y")]
[Parameter("activation", ParameterKind.String)]
[Parameter("activation_params", ParameterKind.Floats)]
internal sealed class FusedConvExpansion : ConvolutionExpansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string[] inputs = context.Has(2) ? [context[0], context[1], context[2]] : [context[0], context[1]];
        string sum = context.Add(context.Node.Without("activation").Without("activation_params") with
        {
            OpType = "Conv",
            Domain = "",
            Inputs = [.. inputs],
        });
        if (context.Has(3))
            sum = context.Add("Add", sum, context[3]);
        context.Return(0, FusedFunction.Of(context, sum, [.. (context.Node.Floats("activation_params") ?? []).Select(p => (float?)p)]));
    }
}

/// <summary>FusedGemm (com.microsoft): a matrix product and a function of it.</summary>
[RewrittenOperator("FusedGemm", Domain = MicrosoftDomain.Name)]
[Input(0, "A", Elements.Floats, Variable = "T")]
[Input(1, "B", Elements.Floats, Variable = "T")]
[Input(2, "C", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "Y")]
[Parameter("activation", ParameterKind.String)]
[Parameter("activation_alpha", ParameterKind.Float)]
[Parameter("activation_beta", ParameterKind.Float)]
[Parameter("activation_gamma", ParameterKind.Float)]
[Parameter("alpha", ParameterKind.Float)]
[Parameter("beta", ParameterKind.Float)]
[Parameter("transA", ParameterKind.Int)]
[Parameter("transB", ParameterKind.Int)]
internal sealed class FusedGemmExpansion : Expansion
{
    private static readonly string[] Parameters = ["activation_alpha", "activation_beta", "activation_gamma"];

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        Node gemm = Parameters.Append("activation").Aggregate(context.Node, (node, name) => node.Without(name));
        string product = context.Add(gemm with { OpType = "Gemm", Domain = "" });
        context.Return(0, FusedFunction.Of(
            context, product, [.. Parameters.Select(name => context.Node.Has(name) ? context.Node.Float(name, 0) : (float?)null)]));
    }
}

/// <summary>The functions that ONNX Runtime fuses into convolutions and matrix products.</summary>
internal static class FusedFunction
{
    /// <summary>The function of a value that the attribute <c>activation</c> names.</summary>
    /// <param name="context">The node.</param>
    /// <param name="value">The value.</param>
    /// <param name="parameters">The function's parameters, in the order of its attributes in the standard; null for the default.</param>
    public static string Of(ExpansionContext context, string value, float?[] parameters)
    {
        string function = context.Node.Text("activation", "");
        ElementType element = context.TypeOf(value).Element;
        return function switch
        {
            "" => value,
            "Relu" or "Tanh" or "Sigmoid" => context.Add(function, value),
            "LeakyRelu" => context.Add(With("alpha", 0, 0.01f)),
            "HardSigmoid" => context.Add(With("alpha", 0, 0.2f).With("beta", new AttributeValue.Float(At(1, 0.5f)))),
            "Clip" => context.Add("Clip", value,
                context.Scalar(element, At(0, float.MinValue)), context.Scalar(element, At(1, float.MaxValue))),
            _ => throw context.Unsupported($"the functions Relu, Tanh, Sigmoid, LeakyRelu, HardSigmoid and Clip, not {function}"),
        };

        float At(int index, float otherwise) => (index < parameters.Length ? parameters[index] : null) ?? otherwise;

        Node With(string name, int index, float otherwise) =>
            ExpansionContext.New(function, value).With(name, new AttributeValue.Float(At(index, otherwise)));
    }
}
