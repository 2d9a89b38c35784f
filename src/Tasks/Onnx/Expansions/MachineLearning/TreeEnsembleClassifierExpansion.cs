using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// TreeEnsembleClassifier (ai.onnx.ml): the sums of what decision trees say of a row of features as scores of classes, and the class of the
/// greatest one. What the standard leaves open for two classes is as in ONNX Runtime.
/// </summary>
[RewrittenOperator("TreeEnsembleClassifier", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Output(1, "Z")]
[Parameter("base_values", ParameterKind.Floats)]
[Parameter("base_values_as_tensor", ParameterKind.Tensor, From = 3)]
[Parameter("class_ids", ParameterKind.Ints)]
[Parameter("class_nodeids", ParameterKind.Ints)]
[Parameter("class_treeids", ParameterKind.Ints)]
[Parameter("class_weights", ParameterKind.Floats)]
[Parameter("class_weights_as_tensor", ParameterKind.Tensor, From = 3)]
[Parameter("classlabels_int64s", ParameterKind.Ints)]
[Parameter("classlabels_strings", ParameterKind.Strings)]
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
internal sealed class TreeEnsembleClassifierExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        Tensor labels = ClassLabels.Of(context, "classlabels_int64s");
        int classes = labels.Count;
        TreeSource trees = new TreeTables(context, "class").Read(classes);
        double[] origin = TreeTables.Reals(context, "base_values");
        if (origin.Length > 0 && origin.Length != classes && !(classes == 2 && origin.Length == 1))
            throw context.Invalid($"it has {origin.Length} base_values for {classes} classes");
        string rows = TreeSource.Rows(context);
        string scores = trees.Aggregate(rows, classes, "SUM");
        if (classes == 2)
        {
            TwoClassScores two = TwoClassScores.Of(context, trees, rows, scores, origin);
            context.Return(0, context.Add("Gather", context.Add(labels), context.Cast(two.IsSecond, ElementType.Int64)));
            context.Return(1, two.Scores);
            return;
        }
        // ONNX Runtime adds these to all classes, also to those of which no leaf says anything.
        if (origin.Length > 0)
            scores = context.Add("Add", scores,
                context.Cast(context.Add(Tensor.Of(origin, origin.Length)), context.TypeOf(scores).Element));
        string ranked = scores;
        // A class of which no leaf says anything is not chosen, even if the others' scores are negative.
        if (origin.Length == 0 && trees.Leaves.Any(l => l.Any(w => w.Weight <= 0)) && !trees.AlwaysNamesAll(classes))
            ranked = context.Add("Where", trees.IsNamed(rows, classes), scores,
                context.Scalar(context.TypeOf(scores).Element, double.NegativeInfinity));
        string best = context.Add(ExpansionContext.New("ArgMax", ranked).With("axis", 1).With("keepdims", 0));
        context.Return(0, context.Add("Gather", context.Add(labels), best));
        string transform = context.Node.Text("post_transform", "NONE");
        context.Return(1, TreeSource.Transformed(context, context.Cast(scores, ElementType.Float32), classes, transform));
    }
}
