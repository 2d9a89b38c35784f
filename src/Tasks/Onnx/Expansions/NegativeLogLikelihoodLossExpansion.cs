using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>NegativeLogLikelihoodLoss: the negative logarithms of the target classes' probabilities, weighted and reduced.</summary>
[RewrittenOperator("NegativeLogLikelihoodLoss")]
[Input(0, "input", Elements.Floats, Variable = "T")]
[Input(1, "target", Elements.Indices)]
[Input(2, "weight", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "loss")]
[Parameter("ignore_index", ParameterKind.Int)]
[Parameter("reduction", ParameterKind.String, Choices = ["none", "sum", "mean"])]
internal sealed class NegativeLogLikelihoodLossExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context) =>
        context.Return(0, ClassLoss.Of(context, context[0], context[1], context.Has(2) ? context[2] : ""));
}
