using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>SoftmaxCrossEntropyLoss: the negative log likelihood of the target classes under a softmax of the scores.</summary>
[RewrittenOperator("SoftmaxCrossEntropyLoss")]
[Input(0, "scores", Elements.Floats, Variable = "T")]
[Input(1, "labels", Elements.Indices)]
[Input(2, "weights", Elements.Floats, Variable = "T", Optional = true)]
[Output(0, "output")]
[Output(1, "log_prob", Optional = true)]
[Parameter("ignore_index", ParameterKind.Int)]
[Parameter("reduction", ParameterKind.String, Choices = ["none", "sum", "mean"])]
internal sealed class SoftmaxCrossEntropyLossExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string logarithms = context.Add(ExpansionContext.New("LogSoftmax", context[0]).With("axis", 1));
        context.Return(0, ClassLoss.Of(context, logarithms, context[1], context.Has(2) ? context[2] : ""));
        context.Return(1, logarithms);
    }
}
