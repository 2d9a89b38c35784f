using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>IsInf: whether a value is infinite, of either sign or of one.</summary>
[RewrittenOperator("IsInf")]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
[Parameter("detect_negative", ParameterKind.Int)]
[Parameter("detect_positive", ParameterKind.Int)]
internal sealed class IsInfExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        bool negative = context.Node.Int("detect_negative", 1) != 0, positive = context.Node.Int("detect_positive", 1) != 0;
        string Is(double infinity) => context.Add("Equal", context[0], context.Scalar(context.Type(0).Element, infinity));
        context.Return(0, negative && positive ? context.Add("Or", Is(double.NegativeInfinity), Is(double.PositiveInfinity))
            : negative ? Is(double.NegativeInfinity)
            : positive ? Is(double.PositiveInfinity)
            : context.Add(Tensor.Zeros(TensorType.Of(ElementType.Bool, context.Type(0).Dimensions.AsSpan()))));
    }
}
