using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>Gelu (com.microsoft): as the standard's, which came later.</summary>
[RewrittenOperator("Gelu", Domain = MicrosoftDomain.Name)]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
internal sealed class GeluExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context) => context.Return(0, context.Add("Gelu", context[0]));
}

/// <summary>BiasGelu (com.microsoft): Gelu of a sum.</summary>
[RewrittenOperator("BiasGelu", Domain = MicrosoftDomain.Name)]
[Input(0, "A", Elements.Floats, Variable = "T")]
[Input(1, "B", Elements.Floats, Variable = "T")]
[Output(0, "C")]
internal sealed class BiasGeluExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context) =>
        context.Return(0, context.Add("Gelu", context.Add("Add", context[0], context[1])));
}

/// <summary>FastGelu (com.microsoft): Gelu by a hyperbolic tangent, of a sum where there is a bias.</summary>
[RewrittenOperator("FastGelu", Domain = MicrosoftDomain.Name)]
[Input(0, "X", Elements.Floats, Variable = "T")]
[Input(1, "bias", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "Y")]
internal sealed class FastGeluExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string x = context.Has(1) ? context.Add("Add", context[0], context[1]) : context[0];
        context.Return(0, context.Add(ExpansionContext.New("Gelu", x).With("approximate", new AttributeValue.Text("tanh"))));
    }
}

/// <summary>QuickGelu (com.microsoft): x · sigmoid(alpha · x).</summary>
[RewrittenOperator("QuickGelu", Domain = MicrosoftDomain.Name)]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
[Parameter("alpha", ParameterKind.Float)]
internal sealed class QuickGeluExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string alpha = context.Scalar(context.Type(0).Element, context.Node.Float("alpha", 1.702f));
        context.Return(0, context.Add("Mul", context[0], context.Add("Sigmoid", context.Add("Mul", context[0], alpha))));
    }
}
