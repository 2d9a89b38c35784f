using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>LpNormalization: vectors along an axis, divided by the sum of their absolute values or by their length; zeros stay.</summary>
[RewrittenOperator("LpNormalization")]
[Input(0, "input", Elements.Floats)]
[Output(0, "output")]
[Parameter("axis", ParameterKind.Int)]
[Parameter("p", ParameterKind.Int, Minimum = 1)]
internal sealed class LpNormalizationExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        long axis = context.Axis(context.Node.Int("axis", -1), x.Rank);
        long p = context.Node.Int("p", 2);
        if (p > 2)
            throw context.Invalid($"p is {p} instead of 1 or 2");
        string norm = context.Reduce(p == 1 ? "ReduceL1" : "ReduceL2", context[0], [axis]);
        string isZero = context.Add("Equal", norm, context.Scalar(x.Element, 0));
        string divisor = context.Add("Where", isZero, context.Scalar(x.Element, 1), norm);
        context.Return(0, context.Add("Div", context[0], divisor));
    }
}
