using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>What linear models of ai.onnx.ml have in common.</summary>
internal static class LinearModels
{
    /// <summary>The products of the features with coefficients, one row of them for each score, plus intercepts.</summary>
    public static string Scores(ExpansionContext context, int scores)
    {
        TensorType x = context.Type(0);
        float[] coefficients = context.Node.Floats("coefficients") ?? [], intercepts = context.Node.Floats("intercepts") ?? [];
        int features = x.Rank == 0 ? 0 : x.Dimensions[^1];
        if (x.Rank is not (1 or 2) || scores < 1 || coefficients.Length != (long)scores * features
            || (intercepts.Length > 0 && intercepts.Length != scores))
            throw context.Invalid(
                $"its input is {x}, it has {coefficients.Length} coefficients and {intercepts.Length} intercepts for {scores} scores");
        string rows = context.Reshape(context.Cast(context[0], ElementType.Float32), x.Rank == 1 ? 1 : x.Dimensions[0], features);
        string weights = context.Transpose(context.Add(Tensor.Of(coefficients, scores, features)), 1, 0);
        string product = context.Add("MatMul", rows, weights);
        return intercepts.Length == 0 ? product : context.Add("Add", product, context.Add(Tensor.Of(intercepts, scores)));
    }

    /// <summary>The scores after the node's transformation.</summary>
    public static string Transformed(ExpansionContext context, string scores) => context.Node.Text("post_transform", "NONE") switch
    {
        "LOGISTIC" => context.Add("Sigmoid", scores),
        "SOFTMAX" => context.Add(ExpansionContext.New("Softmax", scores).With("axis", -1)),
        "SOFTMAX_ZERO" => SoftmaxOfNonZero(context, scores),
        "NONE" or "" => scores,
        var other => throw context.Unsupported($"the transformations NONE, LOGISTIC, SOFTMAX and SOFTMAX_ZERO, not {other}"),
    };

    // Scores that are 0 stay so, and take no part.
    private static string SoftmaxOfNonZero(ExpansionContext context, string scores)
    {
        string zero = context.Scalar(ElementType.Float32, 0);
        string none = context.Add("Equal", scores, zero);
        string masked = context.Add("Where", none, context.Scalar(ElementType.Float32, double.NegativeInfinity), scores);
        string probabilities = context.Add(ExpansionContext.New("Softmax", masked).With("axis", -1));
        return context.Add("Where", none, zero, probabilities);
    }
}
