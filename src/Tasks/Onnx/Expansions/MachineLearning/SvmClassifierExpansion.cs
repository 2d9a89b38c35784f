using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Lookup;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// SVMClassifier (ai.onnx.ml): for each pair of classes a weighted sum of the kernel's values between the features and the support vectors
/// of both, whose sign is a vote for one of them; the class of most votes, and the sums as scores, or the probabilities that follow from
/// them. Without support vectors it is a linear model.
/// </summary>
[RewrittenOperator("SVMClassifier", Domain = LabelEncoderOperator.MlDomain)]
[Input(0, "X", Elements.Numbers)]
[Output(0, "Y")]
[Output(1, "Z")]
[Parameter("classlabels_ints", ParameterKind.Ints)]
[Parameter("classlabels_strings", ParameterKind.Strings)]
[Parameter("coefficients", ParameterKind.Floats, Required = true)]
[Parameter("kernel_params", ParameterKind.Floats)]
[Parameter("kernel_type", ParameterKind.String, Choices = ["LINEAR", "POLY", "RBF", "SIGMOID"])]
[Parameter("post_transform", ParameterKind.String)]
[Parameter("prob_a", ParameterKind.Floats)]
[Parameter("prob_b", ParameterKind.Floats)]
[Parameter("rho", ParameterKind.Floats)]
[Parameter("support_vectors", ParameterKind.Floats)]
[Parameter("vectors_per_class", ParameterKind.Ints, Minimum = 0)]
internal sealed class SvmClassifierExpansion : Expansion
{
    // Pairs of more are beyond counting.
    private const int MostClasses = 1 << 12;

    /// <inheritdoc/>
    public override void Expand(ExpansionContext context)
    {
        Tensor labels = ClassLabels.Of(context, "classlabels_ints");
        string rows = context.Cast(TreeSource.Rows(context), ElementType.Float32);
        long[] supports = context.Node.Ints("vectors_per_class") ?? [];
        float[] rho = context.Node.Floats("rho") ?? [];
        if (labels.Count > MostClasses || supports.Any(s => s > ExpansionContext.MostElements))
            throw context.Invalid($"it has {labels.Count} classes and {string.Join(", ", supports.Take(9))} support vectors");
        if (supports.Sum() == 0)
        {
            Linear(context, labels, rows, rho);
            return;
        }
        int classes = labels.Count, pairs = classes * (classes - 1) / 2;
        if (supports.Length != classes || classes < 2 || rho.Length < pairs)
            throw context.Invalid($"it has {classes} classes, support vectors for {supports.Length} and {rho.Length} constants");
        string sums = Sums(context, rows, supports, rho);
        string votes = Votes(context, sums, classes);
        string best = context.Add(ExpansionContext.New("ArgMax", votes).With("axis", 1).With("keepdims", 0));
        context.Return(0, context.Add("Gather", context.Add(labels), best));
        float[] a = context.Node.Floats("prob_a") ?? [], b = context.Node.Floats("prob_b") ?? [];
        if (a.Length > 0 && (a.Length < pairs || b.Length < pairs))
            throw context.Invalid($"it has {a.Length} prob_a and {b.Length} prob_b for {pairs} pairs of classes");
        context.Return(1, a.Length > 0 ? LinearModels.Transformed(context, Probabilities(context, sums, a, b, classes))
            : classes == 2 ? TwoScores(context, sums) : LinearModels.Transformed(context, sums));
    }

    // The standard leaves open what the only sum makes of two classes; this is what ONNX Runtime does.
    private static string TwoScores(ExpansionContext context, string sums)
    {
        bool isOpposite = context.Node.Text("post_transform", "NONE") is "NONE" or "LOGISTIC" or "";
        string other = isOpposite ? context.Add("Neg", sums) : context.Add("Sub", context.Scalar(ElementType.Float32, 1), sums);
        string both = context.Add(ExpansionContext.New("Concat", other, sums).With("axis", 1));
        return isOpposite ? LinearModels.Transformed(context, both) : both;
    }

    // [rows, pairs].
    private static string Sums(ExpansionContext context, string rows, long[] supports, float[] rho)
    {
        int classes = supports.Length, pairs = classes * (classes - 1) / 2;
        int features = context.TypeOf(rows).Dimensions[1];
        int vectors = context.Elements([supports.Sum()]);
        float[] coefficients = context.Node.Floats("coefficients") ?? [], places = context.Node.Floats("support_vectors") ?? [];
        if (places.Length != (long)vectors * features || coefficients.Length != (long)vectors * (classes - 1))
            throw context.Invalid($"its {vectors} support vectors have {places.Length} numbers for {features} features and "
                + $"{coefficients.Length} coefficients for {classes} classes");
        context.Elements(vectors, pairs);
        // A vector's coefficient for a pair stands in the row of the other class, which leaves its own out.
        var weights = new float[vectors * pairs];
        for (int i = 0, pair = 0, first = 0; i < classes; first += (int)supports[i++])
        {
            int second = first + (int)supports[i];
            for (int j = i + 1; j < classes; second += (int)supports[j++], pair++)
            {
                for (int m = first; m < first + supports[i]; m++)
                    weights[(m * pairs) + pair] = coefficients[((j - 1) * vectors) + m];
                for (int m = second; m < second + supports[j]; m++)
                    weights[(m * pairs) + pair] = coefficients[(i * vectors) + m];
            }
        }
        string kernel = SvmKernel.Of(context, rows, Tensor.Of(places, vectors, features));
        return context.Add("Add", context.Add("MatMul", kernel, context.Add(Tensor.Of(weights, vectors, pairs))),
            context.Add(Tensor.Of(rho[..pairs], pairs)));
    }

    // How many of its pairs each class wins.
    private static string Votes(ExpansionContext context, string sums, int classes)
    {
        int pairs = classes * (classes - 1) / 2;
        var wins = new float[pairs * classes];
        var losses = new float[classes];
        for (int i = 0, pair = 0; i < classes; i++)
        {
            for (int j = i + 1; j < classes; j++, pair++)
            {
                wins[(pair * classes) + i] = 1;
                wins[(pair * classes) + j] = -1;
                losses[j]++;
            }
        }
        string first = context.Cast(context.Add("Greater", sums, context.Scalar(ElementType.Float32, 0)), ElementType.Float32);
        return context.Add("Add", context.Add("MatMul", first, context.Add(Tensor.Of(wins, pairs, classes))),
            context.Add(Tensor.Of(losses, classes)));
    }

    // J. Platt's sigmoid for each pair, coupled.
    private static string Probabilities(ExpansionContext context, string sums, float[] a, float[] b, int classes)
    {
        int pairs = classes * (classes - 1) / 2;
        string line = context.Add("Add", context.Add("Mul", sums, context.Add(Tensor.Of(a[..pairs], pairs))),
            context.Add(Tensor.Of(b[..pairs], pairs)));
        string first = context.Add("Sub", context.Scalar(ElementType.Float32, 1), context.Add("Sigmoid", line));
        string bounded = context.Add(
            "Clip", first, context.Scalar(ElementType.Float32, 1e-7), context.Scalar(ElementType.Float32, 1 - 1e-7));
        return context.Add((ExpansionContext.New(PairwiseCouplingOperator.Type, bounded) with { Domain = Node.InternalDomain })
            .With("classes", classes));
    }

    private static void Linear(ExpansionContext context, Tensor labels, string rows, float[] rho)
    {
        int features = context.TypeOf(rows).Dimensions[1];
        float[] coefficients = context.Node.Floats("coefficients") ?? [];
        if (coefficients.Length != (long)labels.Count * features || rho.Length < 1)
            throw context.Invalid($"it has {coefficients.Length} coefficients for {labels.Count} classes of {features} features");
        // ONNX Runtime takes the second class wherever a score is positive, which no exporter can mean.
        if (labels.Count == 2)
            throw context.Unsupported("support vectors, or a LinearClassifier, where there are two classes");
        string scores = context.Add("Add",
            context.Add("MatMul", rows, context.Transpose(context.Add(Tensor.Of(coefficients, labels.Count, features)), 1, 0)),
            context.Scalar(ElementType.Float32, rho[0]));
        string best = context.Add(ExpansionContext.New("ArgMax", scores).With("axis", 1).With("keepdims", 0));
        context.Return(0, context.Add("Gather", context.Add(labels), best));
        context.Return(1, LinearModels.Transformed(context, scores));
    }
}
