using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// TreeEnsembleRegressor (ai.onnx.ml): what decision trees say of a row of features, combined for each target; base values are
/// added to targets of which a leaf says something.
/// </summary>
[RewrittenOperator("TreeEnsembleRegressor", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Parameter("aggregate_function", ParameterKind.String, Choices = ["SUM", "AVERAGE", "MIN", "MAX"])]
[Parameter("base_values", ParameterKind.Floats)]
[Parameter("base_values_as_tensor", ParameterKind.Tensor, From = 3)]
[Parameter("n_targets", ParameterKind.Int, Required = true, Minimum = 1)]
[Parameter("nodes_falsenodeids", ParameterKind.Ints)]
[Parameter("nodes_featureids", ParameterKind.Ints)]
[Parameter("nodes_hitrates", ParameterKind.Floats)]
[Parameter("nodes_hitrates_as_tensor", ParameterKind.Tensor, From = 3)]
[Parameter("nodes_missing_value_tracks_true", ParameterKind.Ints)]
[Parameter("nodes_modes", ParameterKind.Strings)]
[Parameter("nodes_nodeids", ParameterKind.Ints)]
[Parameter("nodes_treeids", ParameterKind.Ints)]
[Parameter("nodes_truenodeids", ParameterKind.Ints)]
[Parameter("nodes_values", ParameterKind.Floats)]
[Parameter("nodes_values_as_tensor", ParameterKind.Tensor, From = 3)]
[Parameter("post_transform", ParameterKind.String)]
[Parameter("target_ids", ParameterKind.Ints)]
[Parameter("target_nodeids", ParameterKind.Ints)]
[Parameter("target_treeids", ParameterKind.Ints)]
[Parameter("target_weights", ParameterKind.Floats)]
[Parameter("target_weights_as_tensor", ParameterKind.Tensor, From = 3)]
internal sealed class TreeEnsembleRegressorExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        int targets = context.Elements(context.Node.Int("n_targets", 1));
        TreeSource trees = new TreeTables(context, "target").Read(targets);
        string rows = TreeSource.Rows(context);
        string scores = trees.Aggregate(rows, targets, context.Node.Text("aggregate_function", "SUM"));
        double[] origin = TreeTables.Reals(context, "base_values");
        if (origin.Length > 0)
            scores = origin.Length == targets ? trees.Plus(rows, scores, origin)
                : throw context.Invalid($"it has {origin.Length} base_values for {targets} targets");
        context.Return(0, TreeSource.Transformed(context, context.Cast(scores, ElementType.Float32), targets,
            context.Node.Text("post_transform", "NONE")));
    }
}
