using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>LinearRegressor (ai.onnx.ml): weighted sums of the features.</summary>
[RewrittenOperator("LinearRegressor", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Parameter("coefficients", ParameterKind.Floats)]
[Parameter("intercepts", ParameterKind.Floats)]
[Parameter("post_transform", ParameterKind.String)]
[Parameter("targets", ParameterKind.Int, Minimum = 1)]
internal sealed class LinearRegressorExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context) => context.Return(0, LinearModels.Transformed(
        context, LinearModels.Scores(context, (int)Math.Min(context.Node.Int("targets", 1), int.MaxValue))));
}
