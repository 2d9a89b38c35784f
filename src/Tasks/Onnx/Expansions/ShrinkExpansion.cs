using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>Shrink: what lies beyond ±lambd comes nearer by the bias, the rest is 0.</summary>
[RewrittenOperator("Shrink")]
[Input(0, "input", Elements.Numbers)]
[Output(0, "output")]
[Parameter("bias", ParameterKind.Float)]
[Parameter("lambd", ParameterKind.Float)]
internal sealed class ShrinkExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        ElementType element = context.Type(0).Element;
        // The bounds are real numbers, also where the values are integers.
        string x = element.IsFloat() ? context[0] : context.Cast(context[0], ElementType.Float64);
        ElementType real = context.TypeOf(x).Element;
        float limit = context.Node.Float("lambd", 0.5f);
        string bias = context.Scalar(real, context.Node.Float("bias", 0));
        string above = context.Add("Where", context.Add("Greater", x, context.Scalar(real, limit)),
            context.Add("Sub", x, bias), context.Scalar(real, 0));
        string result = context.Add("Where", context.Add("Less", x, context.Scalar(real, -limit)), context.Add("Add", x, bias), above);
        context.Return(0, context.Cast(result, element));
    }
}
