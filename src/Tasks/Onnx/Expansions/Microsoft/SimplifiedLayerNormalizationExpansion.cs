using OptimizerBuild.Operators;

namespace OptimizerBuild.Onnx.Expansions.Microsoft;

/// <summary>
/// SimplifiedLayerNormalization, which ONNX Runtime's tools write into the standard's domain: RMSNormalization under the name that it had
/// before.
/// </summary>
[RewrittenOperator("SimplifiedLayerNormalization")]
[Input(0, "X", Elements.Floats)]
[Input(1, "scale", Elements.Floats)]
[Output(0, "Y")]
[Output(1, "inv_std_var", Optional = true)]
[Parameter("axis", ParameterKind.Int)]
[Parameter("epsilon", ParameterKind.Float)]
[Parameter("stash_type", ParameterKind.Int)]
internal sealed class SimplifiedLayerNormalizationExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        if (context.Gives(1))
            throw context.Unsupported("SimplifiedLayerNormalization without the output that training reads");
        context.Return(0, context.Add(context.Node with { OpType = "RMSNormalization" }));
    }
}
