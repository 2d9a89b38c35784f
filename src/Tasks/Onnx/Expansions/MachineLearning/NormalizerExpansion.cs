using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// Normalizer (ai.onnx.ml): each row divided by its greatest value, the sum of its absolute values or its length; zeros stay.
/// </summary>
[RewrittenOperator("Normalizer", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Parameter("norm", ParameterKind.String, Choices = ["MAX", "L1", "L2"])]
internal sealed class NormalizerExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string x = context.Cast(context[0], ElementType.Float32);
        string kind = context.Node.Text("norm", "MAX") switch
        {
            "L1" => "ReduceL1",
            "L2" => "ReduceL2",
            _ => "ReduceMax",
        };
        string norm = context.Reduce(kind, x, [context.Type(0).Rank - 1]);
        string isZero = context.Add("Equal", norm, context.Scalar(ElementType.Float32, 0));
        context.Return(0, context.Add("Div", x, context.Add("Where", isZero, context.Scalar(ElementType.Float32, 1), norm)));
    }
}
