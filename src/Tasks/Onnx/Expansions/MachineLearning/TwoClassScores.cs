using OptimizerBuild.Graphs;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// What a tree ensemble says of two classes, as ONNX Runtime has it; the standard leaves it open. Where leaves have weights for the first
/// class only, their sum s speaks for the second: it is chosen from a bound on, which is 0.5 if no weight is negative, and the scores are
/// 1 − s and s, or −s and s; with the transformation PROBIT they are those of 1 − s and s. Else both classes have sums, and the second is
/// chosen if its own is greater than the bound.
/// </summary>
/// <param name="IsSecond">Whether the second class is chosen: booleans [rows].</param>
/// <param name="Scores">The scores of both classes: float32 [rows, 2].</param>
internal sealed record TwoClassScores(string IsSecond, string Scores)
{
    /// <summary>Adds the nodes.</summary>
    /// <param name="context">The node.</param>
    /// <param name="trees">Its trees.</param>
    /// <param name="rows">The features, of two dimensions.</param>
    /// <param name="sums">The sums of the leaves' weights: [rows, 2].</param>
    /// <param name="origin">The base values: none, one or two.</param>
    public static TwoClassScores Of(ExpansionContext context, TreeSource trees, string rows, string sums, double[] origin)
    {
        ElementType element = context.TypeOf(sums).Element;
        string first = context.Slice(sums, 1, 0, 1), second = context.Slice(sums, 1, 1, 2);
        bool one = trees.NeverNames(0) != trees.NeverNames(1);
        bool positive = trees.Leaves.All(l => l.All(w => w.Weight >= 0));
        bool always = trees.AlwaysNames(1), never = trees.NeverNames(1);
        string transform = context.Node.Text("post_transform", "NONE");
        if (!always && !never && origin.Length == 1)
            throw context.Unsupported("weights for the second class in all leaves of some tree, or in none");
        string? isNamed = null;

        string lone = Named(0, origin.Length == 0 ? first : Plus(first, origin[0]));
        string weight = lone, scores = "";
        if (!always)
            scores = origin.Length == 2 ? Transformed(Both(lone, second)) : Single(lone);
        if (!never)
        {
            // With two base values the second class has the first one's sum.
            string own = origin.Length == 2 ? Plus(first, origin[1]) : second;
            string pair = Transformed(Both(origin.Length == 2 ? Named(0, context.Add("Neg", own)) : lone, own));
            (weight, scores) = always ? (own, pair)
                : (context.Add("Where", IsNamed(1), own, lone), context.Add("Where", IsNamed(1), pair, scores));
        }
        string isSecond = context.Add("Greater", weight, context.Scalar(element, one && positive ? 0.5 : 0));
        return new(context.Reshape(isSecond, context.TypeOf(isSecond).Dimensions[0]), scores);

        string IsNamed(int target) => context.Slice(isNamed ??= trees.IsNamed(rows, 2), 1, target, target + 1);

        string Plus(string score, double summand) => context.Add("Add", score, context.Scalar(element, summand));

        // What no leaf speaks of is 0.
        string Named(int target, string score) => trees.AlwaysNames(target) ? score
            : context.Add("Where", IsNamed(target), score, context.Scalar(element, 0));

        string Both(string a, string b) => context.Add(ExpansionContext.New("Concat", a, b).With("axis", 1));

        string Transformed(string scores) =>
            LinearModels.Transformed(context, context.Cast(scores, ElementType.Float32), transform);

        string Single(string score)
        {
            if (transform == "LOGISTIC")
                return Transformed(Both(context.Add("Neg", score), score));
            string rest = context.Add("Sub", context.Scalar(element, 1), score);
            // A probability and that of the other class, as in the standard's reference; ONNX Runtime writes one number of two.
            if (transform == "PROBIT")
                return Transformed(Both(rest, score));
            return context.Cast(Both(one && positive ? rest : context.Add("Neg", score), score), ElementType.Float32);
        }
    }
}
