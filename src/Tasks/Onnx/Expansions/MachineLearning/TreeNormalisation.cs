using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Onnx.Expansions.MachineLearning;

/// <summary>
/// Makes one table of branches that all ask whether a feature is at most a threshold, false for NaN, of trees with tests of any kind. What
/// is true of NaN, or asks for greater features, looks at the negated feature, which stands behind the others: x &gt; t is −x &lt; −t, and
/// x &lt; t is x ≤ the greatest number below t. Equal leaves and equal sub-trees become one.
/// </summary>
internal sealed class TreeNormalisation
{
    private readonly int _features;
    private readonly bool _single;
    private readonly Dictionary<(int Feature, long Threshold, int Yes, int No), int> _known = [];
    private readonly List<(int Feature, double Threshold, int Yes, int No)> _branches = [];

    private TreeNormalisation(int features, bool single)
    {
        _features = features;
        _single = single;
    }

    /// <summary>The trees in one form.</summary>
    /// <param name="branches">The branches.</param>
    /// <param name="roots">Where walks begin.</param>
    /// <param name="leaves">The weights of each leaf with their targets.</param>
    /// <param name="features">The number of features of a row; those of the branches are less.</param>
    /// <param name="single">Whether features are float32, which decides what the greatest number below a threshold is.</param>
    /// <returns>The trees, which may look at negated features, from number <paramref name="features"/> on; null where a branch leads back
    /// to itself.</returns>
    public static TreeForest? Run(IReadOnlyList<TreeBranch> branches, IReadOnlyList<int> roots,
        IReadOnlyList<IReadOnlyList<(int Target, double Weight)>> leaves, int features, bool single)
    {
        if (TreeForest.Order(new byte[branches.Count], roots, n => branches[n].Yes, n => branches[n].No) is not { } order)
            return null;
        var normalisation = new TreeNormalisation(features, single);
        int[] places = Distinct(leaves, out List<(int Target, double Weight)[]> kept);
        var made = new int[branches.Count];
        foreach (int node in order.Reverse())
            made[node] = normalisation.Branch(branches[node], Made(branches[node].Yes), Made(branches[node].No));
        List<(int Feature, double Threshold, int Yes, int No)> table = normalisation._branches;
        var starts = new int[kept.Count + 1];
        for (int i = 0; i < kept.Count; i++)
            starts[i + 1] = starts[i] + kept[i].Length;
        return new([.. table.Select(b => b.Feature)], [.. table.Select(b => b.Threshold)], [.. table.Select(b => b.Yes)],
            [.. table.Select(b => b.No)], [.. roots.Select(Made)], starts, [.. kept.SelectMany(l => l.Select(w => w.Target))],
            [.. kept.SelectMany(l => l.Select(w => w.Weight))]);

        int Made(int node) => node < 0 ? ~places[~node] : made[node];
    }

    // Weights for one target are added up. Leaves that say the same become one.
    private static int[] Distinct(
        IReadOnlyList<IReadOnlyList<(int Target, double Weight)>> leaves, out List<(int Target, double Weight)[]> kept)
    {
        var places = new int[leaves.Count];
        var found = new Dictionary<string, int>(StringComparer.Ordinal);
        kept = [];
        for (int i = 0; i < places.Length; i++)
        {
            (int Target, double Weight)[] leaf =
                [.. leaves[i].GroupBy(w => w.Target).OrderBy(g => g.Key).Select(g => (g.Key, g.Sum(w => w.Weight)))];
            string key = string.Join(' ', leaf.Select(w => $"{w.Target}:{BitConverter.DoubleToInt64Bits(w.Weight)}"));
            if (!found.TryGetValue(key, out places[i]))
            {
                found[key] = places[i] = kept.Count;
                kept.Add(leaf);
            }
        }
        return places;
    }

    private int Branch(TreeBranch branch, int yes, int no)
    {
        if (branch.MissingIsTrue && branch.Test is TreeTest.Equal or TreeTest.Member)
            return AtMost((int)branch.Feature, double.PositiveInfinity, Segments(branch, yes, no), yes);
        if (double.IsNaN(branch.Threshold) && branch.Test != TreeTest.Member)
        {
            // Nothing compares with NaN.
            return branch.Test == TreeTest.NotEqual ? yes
                : branch.MissingIsTrue ? AtMost((int)branch.Feature, double.PositiveInfinity, no, yes) : no;
        }
        (int plain, int negated, double t) = ((int)branch.Feature, (int)branch.Feature + _features, branch.Threshold);
        return (branch.Test, branch.MissingIsTrue) switch
        {
            (TreeTest.LessOrEqual, false) => AtMost(plain, NotAbove(t), yes, no),
            (TreeTest.LessOrEqual, true) => AtMost(negated, Below(-t), no, yes),
            (TreeTest.Less, false) => AtMost(plain, Below(t), yes, no),
            (TreeTest.Less, true) => AtMost(negated, NotAbove(-t), no, yes),
            (TreeTest.GreaterOrEqual, false) => AtMost(negated, NotAbove(-t), yes, no),
            (TreeTest.GreaterOrEqual, true) => AtMost(plain, Below(t), no, yes),
            (TreeTest.Greater, false) => AtMost(negated, Below(-t), yes, no),
            (TreeTest.Greater, true) => AtMost(plain, NotAbove(t), no, yes),
            (TreeTest.NotEqual, _) => Segments(branch, no, yes),
            _ => Segments(branch, yes, no),
        };
    }

    // Whether the feature is one of some numbers: a search among the stretches between them.
    private int Segments(TreeBranch branch, int member, int other)
    {
        var segments = new List<(double Bound, int Target)>();
        double[] members = branch.Members ?? [branch.Threshold];
        foreach (double value in members.Select(m => m + 0.0).Where(m => !double.IsNaN(m) && IsExact(m)).Distinct().Order())
        {
            double below = Below(value);
            if (!double.IsNaN(below) && (segments.Count == 0 || below > segments[^1].Bound))
                segments.Add((below, other));
            segments.Add((value, member));
        }
        segments.Add((double.PositiveInfinity, other));
        return Search(0, segments.Count - 1);

        int Search(int first, int last)
        {
            if (first == last)
                return segments[first].Target;
            int middle = (first + last) / 2;
            return AtMost((int)branch.Feature, segments[middle].Bound, Search(first, middle), Search(middle + 1, last));
        }
    }

    private int AtMost(int feature, double threshold, int yes, int no)
    {
        if (yes == no)
            return yes;
        (int, long, int, int) key = (feature, BitConverter.DoubleToInt64Bits(threshold), yes, no);
        if (!_known.TryGetValue(key, out int place))
        {
            _known[key] = place = _branches.Count;
            _branches.Add((feature, threshold, yes, no));
        }
        return place;
    }

    private bool IsExact(double value) => !_single || (float)value == value;

    // The greatest number of the features' type that is at most the threshold.
    private double NotAbove(double threshold)
    {
        if (!_single)
            return threshold;
        float near = (float)threshold;
        return near > threshold ? MathF.BitDecrement(near) : near;
    }

    // The greatest number of the features' type that is less than the threshold; NaN where there is none.
    private double Below(double threshold)
    {
        if (double.IsNegativeInfinity(threshold))
            return double.NaN;
        if (!_single)
            return Math.BitDecrement(threshold);
        float near = (float)threshold;
        return near >= threshold ? MathF.BitDecrement(near) : near;
    }
}
