using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>Binarizer (ai.onnx.ml): 1 for what is greater than a threshold, else 0.</summary>
[RewrittenOperator("Binarizer", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Parameter("threshold", ParameterKind.Float)]
internal sealed class BinarizerExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string threshold = context.Scalar(context.Type(0).Element, context.Node.Float("threshold", 0));
        context.Return(0, context.Cast(context.Add("Greater", context[0], threshold), context.Type(0).Element));
    }
}
