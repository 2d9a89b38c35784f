using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Lowering.Trees;

/// <summary>Trees of at most 32 leaves as <see cref="Kernels.TreeScorer"/> reads them.</summary>
internal sealed class TreeScores
{
    private const int MostLeaves = 32;

    // 100,000 trees of 32 leaves. Trees that share their branches, as damaged files do by the million, are walked.
    private const long MostUnfolded = 1L << 22;

    private readonly List<(int Feature, float Threshold, int Tree, uint Kept)> _branches = [];
    private readonly List<int[]> _leaves = [];

    private TreeScores(TreeForest forest, int features)
    {
        for (int tree = 0; tree < forest.Roots.Length; tree++)
        {
            var leaves = new List<int>();
            Unfold(forest.Roots[tree], tree, leaves);
            _leaves.Add([.. leaves]);
        }
        // Among equal ones those of the earlier tree first: the order is the same whatever sorts.
        _branches = [.. _branches.OrderBy(b => b.Feature).ThenBy(b => b.Threshold).ThenBy(b => b.Tree).ThenBy(b => b.Kept)];
        Bounds = new int[features + 1];
        foreach (int feature in _branches.Select(b => b.Feature))
            Bounds[feature + 1]++;
        for (int f = 0; f < features; f++)
            Bounds[f + 1] += Bounds[f];
        Most = _leaves.Count == 0 ? 1 : _leaves.Max(l => l.Length);

        void Unfold(int node, int tree, List<int> leaves)
        {
            if (node < 0)
            {
                leaves.Add(~node);
                return;
            }
            int first = leaves.Count;
            Unfold(forest.Yes[node], tree, leaves);
            uint yes = (uint)(((1L << leaves.Count) - 1) & ~((1L << first) - 1));
            _branches.Add((forest.Features[node], (float)forest.Thresholds[node], tree, ~yes));
            Unfold(forest.No[node], tree, leaves);
        }
    }

    /// <summary>Where the branches of each feature begin, and the last ones end.</summary>
    public int[] Bounds { get; }

    /// <summary>The most leaves of a tree.</summary>
    public int Most { get; }

    /// <summary>The branches' thresholds.</summary>
    public float[] Thresholds => [.. _branches.Select(b => b.Threshold)];

    /// <summary>The branches' trees and the bits that a no leaves.</summary>
    public uint[] Marks => [.. _branches.SelectMany(b => (uint[])[(uint)b.Tree, b.Kept])];

    /// <summary>For every place of a leaf something of the leaf; nothing where a tree has fewer.</summary>
    public T[] Places<T>(Func<int, T> of)
        where T : struct
    {
        var places = new T[_leaves.Count * Most];
        for (int tree = 0; tree < _leaves.Count; tree++)
            for (int i = 0; i < _leaves[tree].Length; i++)
                places[(tree * Most) + i] = of(_leaves[tree][i]);
        return places;
    }

    /// <summary>The trees in this form; null where one has more leaves, counted as often as walks come to them.</summary>
    public static TreeScores? Of(TreeForest forest, int features)
    {
        // Shared branches count for each parent.
        var counts = new int[forest.Branches];
        foreach (int node in forest.Order()!.Reverse())
            counts[node] = Math.Min(Count(forest.Yes[node]) + Count(forest.No[node]), MostLeaves + 1);
        return forest.Roots.All(r => Count(r) <= MostLeaves) && forest.Roots.Sum(r => (long)Count(r)) <= MostUnfolded
            ? new(forest, features) : null;

        int Count(int node) => node < 0 ? 1 : counts[node];
    }
}
