using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>The loss of classification that the two losses of ONNX have in common.</summary>
internal static class ClassLoss
{
    /// <summary>The weighted negative logarithms at the target classes, reduced as the node says.</summary>
    /// <param name="context">The node.</param>
    /// <param name="logarithms">Logarithms of probabilities: N, classes, further dimensions.</param>
    /// <param name="target">The classes: N, further dimensions.</param>
    /// <param name="weight">The weight of each class; empty for 1.</param>
    public static string Of(ExpansionContext context, string logarithms, string target, string weight)
    {
        TensorType type = context.TypeOf(logarithms), targets = context.TypeOf(target);
        if (type.Rank < 2 || targets.Rank != type.Rank - 1
            || !targets.Dimensions.SequenceEqual(type.Dimensions.Where((_, i) => i != 1)))
            throw context.Invalid($"its scores are {type} and its targets {targets}");
        int classes = type.Dimensions[1];
        if (weight.Length > 0 && context.TypeOf(weight).Count != classes)
            throw context.Invalid($"its weights are {context.TypeOf(weight)} for {classes} classes");
        int[] alongClasses = [classes, .. Enumerable.Repeat(1, type.Rank - 2)];
        string wanted = context.Add("Equal", context.Add("Unsqueeze", context.Cast(target, ElementType.Int64), context.Ints(1)),
            context.Add(Tensor.Of([.. Enumerable.Range(0, classes).Select(c => (long)c)], alongClasses)));
        if (context.Node.Has("ignore_index"))
        {
            // A class that is ignored is wanted nowhere: loss and weight are 0.
            string ignored = context.Add("Equal", target, context.Scalar(targets.Element, context.Node.Int("ignore_index", 0)));
            wanted = context.Add("And", wanted, context.Add("Not", context.Add("Unsqueeze", ignored, context.Ints(1))));
        }
        string zero = context.Scalar(type.Element, 0);
        string weights = context.Add("Where", wanted, weight.Length == 0
            ? context.Scalar(type.Element, 1)
            : context.Reshape(weight, alongClasses), zero);
        // What is not wanted may be infinite, so that it must not be multiplied by 0.
        string chosen = context.Add("Mul", context.Add("Where", wanted, context.Add("Neg", logarithms), zero), weights);
        string loss = context.Reduce("ReduceSum", chosen, [1], keep: false);
        string reduction = context.Node.Text("reduction", "mean");
        if (reduction == "none")
            return loss;
        long[] all = [.. Enumerable.Range(0, type.Rank - 1).Select(a => (long)a)];
        string sum = context.Reduce("ReduceSum", loss, all, keep: false);
        if (reduction == "sum")
            return sum;
        string total = context.Reduce("ReduceSum", weights, [.. Enumerable.Range(0, type.Rank).Select(a => (long)a)], keep: false);
        return context.Add("Div", sum, total);
    }
}
