using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>IsNaN: NaN is what does not equal itself.</summary>
[RewrittenOperator("IsNaN")]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
internal sealed class IsNaNExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context) =>
        context.Return(0, context.Add("Not", context.Add("Equal", context[0], context[0])));
}
