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

    /// <summary>The scores after the node's transformation (attribute <c>post_transform</c>).</summary>
    public static string Transformed(ExpansionContext context, string scores) =>
        Transformed(context, scores, context.Node.Text("post_transform", "NONE"));

    /// <summary>The scores after a transformation.</summary>
    /// <param name="context">The node.</param>
    /// <param name="scores">The scores: float32 [rows, classes].</param>
    /// <param name="transform">The transformation's name in ONNX.</param>
    /// <exception cref="Diagnostics.ModelException">There is none of the name.</exception>
    public static string Transformed(ExpansionContext context, string scores, string transform) => transform switch
    {
        "LOGISTIC" => context.Add("Sigmoid", scores),
        "SOFTMAX" => context.Add(ExpansionContext.New("Softmax", scores).With("axis", -1)),
        "SOFTMAX_ZERO" => SoftmaxOfNonZero(context, scores),
        "PROBIT" => Probit(context, scores),
        "NONE" or "" => scores,
        _ => throw context.Unsupported($"the transformations NONE, LOGISTIC, SOFTMAX, SOFTMAX_ZERO and PROBIT, not {transform}"),
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

    // √2 · erf⁻¹(2p − 1), with the approximation of S. Winitzki, "A handy approximation for the error function and its inverse" (2008),
    // and the constants of ONNX Runtime.
    private static string Probit(ExpansionContext context, string scores)
    {
        const double A = 0.147;
        string x = context.Add("Sub", context.Add("Mul", scores, Number(2)), Number(1));
        string log = context.Add("Log", context.Add("Mul", context.Add("Sub", Number(1), x), context.Add("Add", Number(1), x)));
        string v = context.Add("Add", Number(2 / (3.14159 * A)), context.Add("Mul", log, Number(0.5)));
        string root = context.Add("Sqrt", context.Add("Sub", context.Add("Mul", v, v), context.Add("Mul", log, Number(1 / A))));
        string size = context.Add("Sqrt", context.Add("Sub", root, v));
        return context.Add("Mul", context.Add("Mul", context.Add("Sign", x), size), Number(Math.Sqrt(2)));

        string Number(double value) => context.Scalar(ElementType.Float32, value);
    }
}
