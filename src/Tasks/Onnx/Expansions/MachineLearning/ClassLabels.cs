using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>The labels of a classifier's classes.</summary>
internal static class ClassLabels
{
    /// <summary>The labels in a tensor of rank 1: strings or int64.</summary>
    /// <param name="context">The node; its labels may be in the attribute <c>classlabels_strings</c>.</param>
    /// <param name="integers">The name of the attribute with labels that are integers.</param>
    /// <exception cref="Diagnostics.ModelException">There are none.</exception>
    public static Tensor Of(ExpansionContext context, string integers) =>
        context.Node.Texts("classlabels_strings") is { Length: > 0 } texts ? Tensor.Of(texts, texts.Length)
            : context.Node.Ints(integers) is { Length: > 0 } numbers ? Tensor.Of(numbers, numbers.Length)
            : throw context.Invalid($"it has neither {integers} nor classlabels_strings");
}
