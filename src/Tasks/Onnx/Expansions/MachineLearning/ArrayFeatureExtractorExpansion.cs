using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>ArrayFeatureExtractor (ai.onnx.ml): some of the features along the last axis.</summary>
[RewrittenOperator("ArrayFeatureExtractor", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Input(1, "Y", Elements.Int64)]
[Output(0, "Z")]
internal sealed class ArrayFeatureExtractorExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        int rank = context.Type(0).Rank;
        string indices = context.Reshape(context[1], context.Type(1).Count);
        string chosen = context.Add(ExpansionContext.New("Gather", context[0], indices).With("axis", rank - 1));
        context.Return(0, rank == 1 ? context.Reshape(chosen, 1, context.Type(1).Count) : chosen);
    }
}
