using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>Imputer (ai.onnx.ml): what stands for a missing value is replaced, feature by feature.</summary>
[RewrittenOperator("Imputer", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Parameter("imputed_value_floats", ParameterKind.Floats)]
[Parameter("imputed_value_int64s", ParameterKind.Ints)]
[Parameter("replaced_value_float", ParameterKind.Float)]
[Parameter("replaced_value_int64", ParameterKind.Int)]
internal sealed class ImputerExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        TensorType x = context.Type(0);
        int features = x.Rank == 0 ? 1 : x.Dimensions[^1];
        Tensor values = x.Element.IsFloat()
            ? context.Node.Floats("imputed_value_floats") is { } reals ? Tensor.Of(reals, reals.Length) : Missing("imputed_value_floats")
            : context.Node.Ints("imputed_value_int64s") is { } whole ? Tensor.Of(whole, whole.Length) : Missing("imputed_value_int64s");
        if (values.Count != 1 && values.Count != features)
            throw context.Invalid($"it has {values.Count} values for {features} features");
        double replaced = x.Element.IsFloat() ? context.Node.Float("replaced_value_float", 0) : context.Node.Int("replaced_value_int64", 0);
        string missing = double.IsNaN(replaced)
            ? context.Add("IsNaN", context[0])
            : context.Add("Equal", context[0], context.Scalar(x.Element, replaced));
        context.Return(0, context.Add("Where", missing, context.Cast(context.Add(values), x.Element), context[0]));

        Tensor Missing(string attribute) => throw context.Invalid($"it has no {attribute}");
    }
}
