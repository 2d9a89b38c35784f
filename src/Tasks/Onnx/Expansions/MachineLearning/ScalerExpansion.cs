using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>Scaler (ai.onnx.ml): each feature less its offset, times its scale.</summary>
[RewrittenOperator("Scaler", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Parameter("offset", ParameterKind.Floats)]
[Parameter("scale", ParameterKind.Floats)]
internal sealed class ScalerExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        string x = context.Cast(context[0], ElementType.Float32);
        int features = context.Type(0).Rank == 0 ? 1 : context.Type(0).Dimensions[^1];
        string shifted = context.Add("Sub", x, Features("offset", 0));
        context.Return(0, context.Add("Mul", shifted, Features("scale", 1)));

        string Features(string attribute, float otherwise)
        {
            float[] values = context.Node.Floats(attribute) ?? [otherwise];
            return values.Length == 1 || values.Length == features ? context.Add(Tensor.Of(values, values.Length))
                : throw context.Invalid($"its {attribute} has {values.Length} numbers for {features} features");
        }
    }
}
