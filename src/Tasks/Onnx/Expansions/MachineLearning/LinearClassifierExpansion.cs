using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// LinearClassifier (ai.onnx.ml): weighted sums of the features as scores of classes, and the class of the greatest one. One sum for two
/// classes decides by its sign.
/// </summary>
[RewrittenOperator("LinearClassifier", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Output(1, "Z")]
[Parameter("classlabels_ints", ParameterKind.Ints)]
[Parameter("classlabels_strings", ParameterKind.Strings)]
[Parameter("coefficients", ParameterKind.Floats, Required = true)]
[Parameter("intercepts", ParameterKind.Floats)]
[Parameter("multi_class", ParameterKind.Int)]
[Parameter("post_transform", ParameterKind.String)]
internal sealed class LinearClassifierExpansion : Expansion
{
    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        Tensor labels = ClassLabels.Of(context, "classlabels_ints");
        int features = context.Type(0).Rank == 0 ? 1 : Math.Max(context.Type(0).Dimensions[^1], 1);
        int sums = (context.Node.Floats("coefficients") ?? []).Length / features;
        string scores = LinearModels.Scores(context, sums);
        if (sums == 1 && labels.Count == 2)
        {
            string second = context.Add("Greater", context.Reshape(scores, context.TypeOf(scores).Dimensions[0]),
                context.Scalar(ElementType.Float32, 0));
            context.Return(0, context.Add("Gather", context.Add(labels), context.Cast(second, ElementType.Int64)));
            context.Return(1, BothClasses(context, scores));
            return;
        }
        if (sums != labels.Count)
            throw context.Invalid($"it has {labels.Count} classes and coefficients for {sums}");
        string best = context.Add(ExpansionContext.New("ArgMax", scores).With("axis", 1).With("keepdims", 0));
        context.Return(0, context.Add("Gather", context.Add(labels), best));
        context.Return(1, LinearModels.Transformed(context, scores));
    }

    // A probability and its complement, or a score of either sign.
    private static string BothClasses(ExpansionContext context, string score)
    {
        bool logistic = context.Node.Text("post_transform", "NONE") == "LOGISTIC";
        string one = logistic ? context.Add("Sigmoid", score) : score;
        string other = logistic
            ? context.Add("Sub", context.Scalar(ElementType.Float32, 1), one)
            : context.Add("Neg", score);
        string both = context.Add(ExpansionContext.New("Concat", other, one).With("axis", 1));
        return logistic ? both : LinearModels.Transformed(context, both);
    }
}
