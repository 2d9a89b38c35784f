using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>FeatureVectorizer (ai.onnx.ml): the features of several inputs side by side, as float32.</summary>
[RewrittenOperator("FeatureVectorizer", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers, Variadic = true)]
[Output(0, "Y")]
[Parameter("inputdimensions", ParameterKind.Ints)]
internal sealed class FeatureVectorizerExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string[] parts = [.. context.Node.Inputs.Select(i =>
        {
            TensorType type = context.TypeOf(i);
            long rows = type.Rank < 2 ? 1 : type.Dimensions[0];
            return context.Reshape(context.Cast(i, ElementType.Float32), rows, type.Count / Math.Max(rows, 1));
        })];
        context.Return(0, parts.Length == 1 ? parts[0] : context.Add(ExpansionContext.New("Concat", parts).With("axis", 1)));
    }
}
