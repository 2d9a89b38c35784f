using System.Numerics;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Lowering.Trees;

/// <summary>
/// Trees as <see cref="TreeWalk"/> reads them. The two places behind a branch lie together and behind it, so that a walk only ever goes
/// forward. Trees of one group share equal pairs; a pair that begins with the leaf at which another one ends begins there.
/// </summary>
internal sealed class TreeWays
{
    // With more leaves each tree numbers its own.
    private const int MostGlobal = 4096;

    // Trees that are walked together have their places together.
    private const int SideBySide = 8;

    private readonly List<(int Node, int Way)> _places = [];
    private readonly List<int> _leaves = [];

    private TreeWays(TreeForest forest, TreeTests tests)
    {
        Tests = tests;
        Roots = new int[forest.Roots.Length];
    }

    /// <summary>The tests.</summary>
    public TreeTests Tests { get; }

    /// <summary>The places, a multiple of the size of one and a byte more.</summary>
    public byte[] Places { get; private set; } = [];

    /// <summary>The size of a place in bytes: 2, 3 or 4.</summary>
    public int PlaceBytes { get; private set; }

    /// <summary>The bits of the number of a test or leaf.</summary>
    public int TestBits { get; private set; }

    /// <summary>The first place of each tree.</summary>
    public int[] Roots { get; }

    /// <summary>What is added to the numbers of each tree's leaves; null for nothing.</summary>
    public int[]? Bases { get; private set; }

    /// <summary>How many numbers of leaves places have.</summary>
    public int LeafNumbers { get; private set; }

    /// <summary>The forest's leaves, in the order of their weights.</summary>
    public IReadOnlyList<int> Leaves => _leaves;

    /// <summary>The trees in the fewest bytes; null where they do not fit.</summary>
    /// <param name="forest">The trees.</param>
    public static TreeWays? Of(TreeForest forest)
    {
        TreeTests own = TreeTests.Of(forest, isShared: false), shared = TreeTests.Of(forest, isShared: true);
        int leaves = Math.Min(forest.Leaves, MostGlobal);
        // Fewer thresholds only where numbers of tests do not become longer.
        TreeTests tests = Bits(shared.Count + leaves) == Bits(own.Count + leaves) && shared.Thresholds < own.Thresholds ? shared : own;
        TreeWays? best = null;
        foreach (int group in Groups(forest.Roots.Length))
        {
            if (forest.Leaves > MostGlobal && group > 1)
                continue;
            var ways = new TreeWays(forest, tests);
            if (!ways.Place(forest, group) || !ways.Pack(forest))
                continue;
            if (best is null || ways.Places.Length < best.Places.Length)
                best = ways;
        }
        return best;
    }

    /// <summary>What makes packed trees unsafe to walk; null where nothing does.</summary>
    public string? Fault()
    {
        int count = (Places.Length - 1) / PlaceBytes;
        for (int i = 0; i < count; i++)
        {
            uint place = Place(i);
            (int number, long way) = (Number(place), place >> TestBits);
            if (way == 0 ? number < Tests.Count || number >= Tests.Count + LeafNumbers : number >= Tests.Count)
                return $"place {i} has number {number} of {Tests.Count} tests and {LeafNumbers} leaves";
            if (way > 0 && i + way + 1 >= count)
                return $"place {i} leads out of the trees";
        }
        if (Roots.Any(r => r < 0 || r >= count))
            return "a tree begins outside";
        return Bases is null ? LeafNumbers > Leaves.Count ? "leaves lie outside" : null : FaultOfLeaves(Bases, count);
    }

    // Where each tree numbers its own leaves, its places follow those of the tree before.
    private string? FaultOfLeaves(int[] bases, int count)
    {
        for (int tree = 0; tree < Roots.Length; tree++)
        {
            int end = tree + 1 < Roots.Length ? Roots[tree + 1] : count;
            for (int i = Roots[tree]; i < end; i++)
            {
                uint place = Place(i);
                long way = place >> TestBits;
                if (way > 0 && i + way + 1 >= end)
                    return $"place {i} leads out of tree {tree}";
                if (way == 0 && (bases[tree] < 0 || bases[tree] + Number(place) - Tests.Count >= Leaves.Count))
                    return $"a leaf of tree {tree} lies outside";
            }
        }
        return null;
    }

    private uint Place(int i) => PlaceBytes switch
    {
        2 => TreePlaces2.Load(ref Places[0], i),
        3 => TreePlaces3.Load(ref Places[0], i),
        _ => TreePlaces4.Load(ref Places[0], i),
    };

    private int Number(uint place) => (int)(place & ((1u << TestBits) - 1));

    private static IEnumerable<int> Groups(int trees)
    {
        for (int group = Math.Max(trees, 1); ; group = (group + 1) / 2)
        {
            yield return group;
            if (group == 1)
                yield break;
        }
    }

    private static int Bits(int numbers) => Math.Max(BitOperations.Log2((uint)Math.Max(numbers - 1, 1)) + 1, 1);

    // False where trees that share their branches would each get their own, and be many times as large.
    private bool Place(TreeForest forest, int group)
    {
        long most = group == Roots.Length ? long.MaxValue : (4L * forest.Branches) + (2L * Roots.Length) + 1024;
        for (int first = 0; first < Roots.Length; first += group)
        {
            new Group(forest, _places).Add(forest.Roots.AsSpan(first, Math.Min(group, Roots.Length - first)), Roots.AsSpan(first));
            if (_places.Count > most)
                return false;
        }
        return true;
    }

    private bool Pack(TreeForest forest)
    {
        var numbers = new int[_places.Count];
        bool isLocal = forest.Leaves > MostGlobal;
        if (isLocal)
        {
            // Each tree's places follow those of the tree before, its root first.
            Bases = new int[Roots.Length];
            for (int tree = 0; tree < Roots.Length; tree++)
            {
                var known = new Dictionary<int, int>();
                Bases[tree] = _leaves.Count;
                int end = tree + 1 < Roots.Length ? Roots[tree + 1] : _places.Count;
                for (int i = Roots[tree]; i < end; i++)
                {
                    if (_places[i].Node < 0 && !known.TryGetValue(_places[i].Node, out numbers[i]))
                    {
                        numbers[i] = known[_places[i].Node] = known.Count;
                        _leaves.Add(~_places[i].Node);
                    }
                }
                LeafNumbers = Math.Max(LeafNumbers, known.Count);
            }
        }
        else
        {
            _leaves.AddRange(Enumerable.Range(0, forest.Leaves));
            LeafNumbers = forest.Leaves;
            for (int i = 0; i < numbers.Length; i++)
                numbers[i] = ~_places[i].Node;
        }
        TestBits = Bits(Tests.Count + LeafNumbers);
        int bits = TestBits + (_places.Count == 0 ? 1 : Bits(_places.Max(p => p.Way) + 1));
        PlaceBytes = bits <= 16 ? 2 : bits <= 24 ? 3 : 4;
        if (bits > 32)
            return false;
        Places = new byte[(_places.Count * PlaceBytes) + 1];
        for (int i = 0; i < _places.Count; i++)
        {
            (int node, int way) = _places[i];
            uint place = (uint)(node < 0 ? Tests.Count + numbers[i] : Tests.Number(forest, node)) | ((uint)way << TestBits);
            for (int b = 0; b < PlaceBytes; b++)
                Places[(i * PlaceBytes) + b] = (byte)(place >> (8 * b));
        }
        return true;
    }

    // Lays the places of a group of trees: each pair once, when all branches that lead to it have their places.
    private sealed class Group(TreeForest forest, List<(int Node, int Way)> places)
    {
        private readonly Dictionary<(int No, int Yes), (int Missing, List<int> Parents)> _pairs = [];
        private readonly Stack<(int No, int Yes)> _ready = new();

        // Those that begin with a leaf, by that leaf: they wait for a pair that ends with it.
        private readonly SortedDictionary<int, Stack<(int No, int Yes)>> _waiting = [];

        public void Add(ReadOnlySpan<int> roots, Span<int> firstPlaces)
        {
            Count(roots);
            var own = new Dictionary<int, int>();
            for (int i = 0; i < roots.Length; i++)
            {
                if (!own.TryGetValue(roots[i], out firstPlaces[i]))
                {
                    own[roots[i]] = firstPlaces[i] = places.Count;
                    Append(roots[i]);
                }
                bool isLast = i % SideBySide == SideBySide - 1 || i == roots.Length - 1;
                while (Next(isLast) is { } pair)
                    Append(pair);
            }
        }

        // How many places of branches lead to each pair.
        private void Count(ReadOnlySpan<int> roots)
        {
            var open = new Stack<int>();
            foreach (int root in roots.ToArray().Distinct())
                open.Push(root);
            while (open.TryPop(out int node))
            {
                if (node < 0)
                    continue;
                (int No, int Yes) pair = (forest.No[node], forest.Yes[node]);
                if (_pairs.TryGetValue(pair, out (int Missing, List<int> Parents) known))
                {
                    _pairs[pair] = (known.Missing + 1, known.Parents);
                    continue;
                }
                _pairs[pair] = (1, []);
                open.Push(pair.No);
                open.Push(pair.Yes);
            }
        }

        private (int No, int Yes)? Next(bool isLast)
        {
            // One that begins with the leaf at the end needs one place only.
            if (_waiting.ContainsKey(places[^1].Node))
                return Waiting(places[^1].Node);
            return _ready.TryPop(out (int No, int Yes) next) ? next : isLast && _waiting.Count > 0 ? Waiting(_waiting.First().Key) : null;
        }

        private (int No, int Yes) Waiting(int leaf)
        {
            Stack<(int No, int Yes)> pairs = _waiting[leaf];
            (int No, int Yes) pair = pairs.Pop();
            if (pairs.Count == 0)
                _waiting.Remove(leaf);
            return pair;
        }

        private void Append((int No, int Yes) pair)
        {
            List<int> parents = _pairs[pair].Parents;
            bool overlaps = pair.No < 0 && places[^1].Node == pair.No && parents[^1] < places.Count - 1;
            int start = overlaps ? places.Count - 1 : places.Count;
            foreach (int parent in parents)
                places[parent] = (places[parent].Node, start - parent);
            if (!overlaps)
                Append(pair.No);
            Append(pair.Yes);
        }

        private void Append(int node)
        {
            int place = places.Count;
            places.Add((node, 0));
            if (node < 0)
                return;
            (int No, int Yes) pair = (forest.No[node], forest.Yes[node]);
            (int missing, List<int> parents) = _pairs[pair];
            parents.Add(place);
            _pairs[pair] = (missing - 1, parents);
            if (missing > 1)
                return;
            if (pair.No >= 0)
            {
                _ready.Push(pair);
                return;
            }
            if (!_waiting.TryGetValue(pair.No, out Stack<(int No, int Yes)>? stack))
                _waiting[pair.No] = stack = new();
            stack.Push(pair);
        }
    }
}
