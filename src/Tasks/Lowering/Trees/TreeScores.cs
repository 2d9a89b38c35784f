using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Lowering.Trees;

/// <summary>Trees of at most 32 leaves as <see cref="Kernels.TreeScorer"/> reads them.</summary>
internal sealed class TreeScores
{
    private const int MostLeaves = 32;

    // 100,000 trees of 32 leaves. Trees that share their branches, as damaged files do by the million, are walked.
    private const long MostUnfolded = 1L << 22;

    private readonly List<int[]> _leaves = [];

    private TreeScores(TreeForest forest, TreeTests tests)
    {
        Tests = tests;
        var branches = new List<(int Test, int Tree, uint Kept)>();
        for (int tree = 0; tree < forest.Roots.Length; tree++)
        {
            var leaves = new List<int>();
            Unfold(forest.Roots[tree], tree, leaves);
            _leaves.Add([.. leaves]);
        }
        // Among equal ones those of the earlier tree first: the order is the same whatever sorts.
        branches = [.. branches.OrderBy(b => b.Test).ThenBy(b => b.Tree).ThenBy(b => b.Kept)];
        Starts = new int[tests.Count + 1];
        foreach ((int test, _, _) in branches)
            Starts[test + 1]++;
        for (int i = 0; i < tests.Count; i++)
            Starts[i + 1] += Starts[i];
        Masks = [.. branches.Select(b => b.Kept).Distinct().Order()];
        Dictionary<uint, int> numbers = Masks.Select((m, i) => (m, i)).ToDictionary();
        Marks = [.. branches.SelectMany(b => (int[])[b.Tree, numbers[b.Kept]])];
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
            branches.Add((tests.Number(forest, node), tree, ~yes));
            Unfold(forest.No[node], tree, leaves);
        }
    }

    /// <summary>The tests.</summary>
    public TreeTests Tests { get; }

    /// <summary>Where the marks of each test begin, and the last ones end.</summary>
    public int[] Starts { get; }

    /// <summary>The most leaves of a tree.</summary>
    public int Most { get; }

    /// <summary>The branches' trees and the numbers of the bits that a no leaves.</summary>
    public int[] Marks { get; }

    /// <summary>The different bits that a no leaves.</summary>
    public uint[] Masks { get; }

    /// <summary>What makes these trees unsafe to score; null where nothing does.</summary>
    public string? Fault()
    {
        if (Starts[0] != 0 || Starts[^1] != Marks.Length / 2)
            return $"tests have marks {Starts[0]} to {Starts[^1]} of {Marks.Length / 2}";
        for (int i = 0; i < Tests.Count; i++)
            if (Starts[i] > Starts[i + 1])
                return $"the marks of test {i} end before they begin";
        for (int i = 0; i < Marks.Length; i += 2)
        {
            (int tree, int mask) = (Marks[i], Marks[i + 1]);
            if (tree < 0 || tree >= _leaves.Count || mask < 0 || mask >= Masks.Length)
                return $"a mark has tree {tree} of {_leaves.Count} and mask {mask} of {Masks.Length}";
            // A walk of nothing but no ends at the last leaf, which therefore always remains.
            if ((Masks[mask] >> (_leaves[tree].Length - 1) & 1) == 0)
                return $"a mask takes the last leaf of tree {tree}";
        }
        return _leaves.Any(l => l.Length == 0 || l.Length > Most) ? "a tree has no leaf or too many" : null;
    }

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
    /// <param name="forest">The trees.</param>
    /// <param name="leafNumbers">How many numbers of leaves there are to store; 0 where weights are.</param>
    public static TreeScores? Of(TreeForest forest, int leafNumbers)
    {
        // Shared branches count for each parent.
        var counts = new int[forest.Branches];
        foreach (int node in forest.Order()!.Reverse())
            counts[node] = Math.Min(Count(forest.Yes[node]) + Count(forest.No[node]), MostLeaves + 1);
        if (forest.Roots.Length > ushort.MaxValue || leafNumbers > ushort.MaxValue || !forest.Roots.All(r => Count(r) <= MostLeaves)
            || forest.Roots.Sum(r => (long)Count(r)) > MostUnfolded)
            return null;
        TreeTests own = TreeTests.Of(forest, isShared: false), shared = TreeTests.Of(forest, isShared: true);
        return new(forest, Bytes(shared) < Bytes(own) ? shared : own);

        int Count(int node) => node < 0 ? 1 : counts[node];

        static int Bytes(TreeTests tests) => (tests.Thresholds * sizeof(float)) + (tests.Count * sizeof(ushort));
    }
}
