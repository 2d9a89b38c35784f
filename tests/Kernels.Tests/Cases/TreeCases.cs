using System.Runtime.InteropServices;

namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>Decision trees in all forms of places and leaves, against plain recursion.</summary>
internal static class TreeCases
{
    public static IEnumerable<KernelCase> All()
    {
        (int Rows, int Features, int Trees, int Depth, int Targets)[] shapes =
            [(1, 1, 1, 0, 1), (1, 3, 4, 2, 1), (3, 5, 7, 3, 2), (9, 4, 8, 5, 1), (2, 6, 21, 4, 5), (1, 70, 16, 8, 10), (4, 3, 2, 6, 17)];
        int seed = 91_000;
        foreach ((int rows, int features, int trees, int depth, int targets) in shapes)
            foreach (int aggregate in (int[])[TreeEnsemble.Sum, TreeEnsemble.Minimum, TreeEnsemble.Maximum])
                foreach (bool isListed in (bool[])[false, true])
                    foreach (int form in (int[])[8, 16, 64])
                        yield return Case(new(rows, features, trees, depth, targets, aggregate, isListed, form), seed++);
        foreach ((int rows, int features, int trees, int depth, int targets) in shapes)
            if (depth <= 5)
                yield return Scored(new(rows, features, trees, depth, targets, TreeEnsemble.Sum, false, 16), seed++);
        yield return Scored(new(35, 7, 40, 5, 1, TreeEnsemble.Sum, false, 16), seed++);
        yield return Scored(new(18, 2, 5, 3, 9, TreeEnsemble.Sum, false, 16), seed);

        seed = 93_000;
        (int Rows, int Features, int Trees, int Depth, int Targets)[] more =
            [.. shapes, (35, 7, 40, 5, 1), (18, 2, 5, 3, 9), (1, 1, 300, 4, 3), (70, 40, 9, 9, 6), (2, 3, 1, 1, 2)];
        foreach ((int rows, int features, int trees, int depth, int targets) in more)
            foreach (Leaf leaf in Enum.GetValues<Leaf>())
                foreach (bool isNamed in (bool[])[false, true])
                    for (int form = 2; form <= 4; form++)
                    {
                        var shape = new Shape(rows, features, trees, depth, targets, TreeEnsemble.Sum, false, form, leaf, isNamed);
                        if (depth <= 5 && form < 4)
                            yield return Scored(shape, seed++);
                        yield return Walked(shape, seed++);
                    }
    }

    // The same trees with a bit for each leaf, the second of the next two places first. Form 3 has wide numbers.
    private static KernelCase Scored(Shape shape, int seed)
    {
        var data = new CaseData(seed);
        var trees = new Trees(data, shape);
        var tests = new Tests(trees, shape);
        var branches = new List<(int Test, int Tree, uint Kept)>();
        List<int>[] places = [.. trees.Roots.Select(_ => new List<int>())];
        for (int tree = 0; tree < trees.Roots.Length; tree++)
            Unfold(trees.Roots[tree], tree);
        int most = places.Max(p => p.Count);
        (int Test, int Tree, uint Kept)[] sorted = [.. branches.OrderBy(b => b.Test)];
        uint[] masks = [.. sorted.Select(b => b.Kept).Distinct()];
        bool isWide = shape.Form == 3 || trees.Leaves.Count > 256 || masks.Length > 256 || trees.Roots.Length > 256;
        int columns = data.AddWeights(tests.Columns);
        int thresholds = data.AddWeights(Bytes(tests.Thresholds, shape.IsDouble));
        int[] first = [.. Enumerable.Range(0, tests.Count + 1).Select(t => sorted.Count(b => b.Test < t))];
        int starts = isWide ? data.AddWeights(first) : data.AddWeights(Numbers(first, isWide: true));
        int marks = data.AddWeights(Numbers([.. sorted.SelectMany(b => (int[])[b.Tree, Array.IndexOf(masks, b.Kept)])], isWide));
        int masksAt = data.AddWeights([.. masks.Select(m => unchecked((int)m))]);
        int[] padded = [.. places.SelectMany(p => p.Concat(Enumerable.Repeat(0, most - p.Count)))];
        int numbers = trees.IsRows ? data.AddWeights(Numbers(padded, isWide)) : -1;
        int weights = trees.AddWeights(data, trees.IsRows ? [.. Enumerable.Range(0, trees.Leaves.Count)] : padded);
        int names = shape.IsNamed ? data.AddWeights(trees.Names) : -1;
        return new KernelCase
        {
            Kernel = "TreeScorer." + shape.Leaf,
            Name = $"{shape}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => Method()(ws, trees.From, trees.To, columns, thresholds, starts, isWide ? 4 : 2, marks, isWide ? 2 : 1, masksAt,
                numbers, weights, names, Trees.Step, shape.Rows, shape.Features, tests.Columns.Length / 3, shape.Trees, shape.Targets,
                most),
            Oracle = trees.Oracle,
        };

        Scorer Method() => shape.Leaf switch
        {
            Leaf.Float64 => TreeScorer.Float64,
            Leaf.Int16 => TreeScorer.Int16,
            _ => TreeScorer.Float32,
        };

        void Unfold(int place, int tree)
        {
            (double threshold, int feature, int way, int leaf) = trees.Slots[place];
            if (way == 0)
            {
                places[tree].Add(leaf);
                return;
            }
            int first = places[tree].Count;
            Unfold(place + way + 1, tree);
            uint yes = 0;
            for (int i = first; i < places[tree].Count; i++)
                yes |= 1u << i;
            branches.Add((tests.Number(feature, threshold), tree, ~yes));
            Unfold(place + way, tree);
        }
    }

    // The same trees over answers; the form is the least size of a place in bytes. Named trees number their own leaves.
    private static KernelCase Walked(Shape shape, int seed)
    {
        var data = new CaseData(seed);
        var trees = new Trees(data, shape);
        var tests = new Tests(trees, shape);
        int[] bases = [.. trees.Roots.Select((r, t) => shape.IsNamed ? trees.LeavesOf(t).Min() : 0)];
        int most = shape.IsNamed ? trees.Roots.Select((r, t) => trees.LeavesOf(t).Max() - bases[t] + 1).Max() : trees.Leaves.Count;
        int testBits = Bits(tests.Count + most - 1), bits = testBits + Bits(trees.Slots.Max(s => s.Way));
        int placeBytes = Math.Max(shape.Form, (bits + 7) / 8);
        var packed = new List<byte>();
        for (int i = 0; i < trees.Slots.Count; i++)
        {
            (double threshold, int feature, int way, int leaf) = trees.Slots[i];
            int tree = Array.FindLastIndex(trees.Roots, r => r <= i);
            long place = ((long)way << testBits) | (uint)(way > 0 ? tests.Number(feature, threshold) : tests.Count + leaf - bases[tree]);
            packed.AddRange(BitConverter.GetBytes(place).Take(placeBytes));
        }
        int columns = data.AddWeights(tests.Columns);
        int thresholds = data.AddWeights(Bytes(tests.Thresholds, shape.IsDouble));
        int places = data.AddWeights((byte[])[.. packed, 0xEE]);
        int roots = data.AddWeights(trees.Roots);
        int basesAt = shape.IsNamed ? data.AddWeights(bases) : -1;
        int weights = trees.AddWeights(data, [.. Enumerable.Range(0, trees.Leaves.Count)]);
        int names = shape.IsNamed ? data.AddWeights(trees.Names) : -1;
        return new KernelCase
        {
            Kernel = "TreeWalk." + shape.Leaf,
            Name = $"{shape} {placeBytes} bytes",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => Method()(ws, trees.From, trees.To, columns, thresholds, places, placeBytes, testBits, roots, basesAt, weights,
                names, Trees.Step, shape.Rows, shape.Features, tests.Columns.Length / 3, tests.Count, most, shape.Trees, shape.Targets),
            Oracle = trees.Oracle,
        };

        Walker Method() => shape.Leaf switch
        {
            Leaf.Float64 => TreeWalk.Float64,
            Leaf.Int16 => TreeWalk.Int16,
            _ => TreeWalk.Float32,
        };
    }

    private static int Bits(int greatest) => Math.Max(1, 32 - int.LeadingZeroCount(greatest));

    private static byte[] Numbers(int[] values, bool isWide) =>
        [.. values.SelectMany(v => isWide ? BitConverter.GetBytes((ushort)v) : [(byte)v])];

    // A form is the bytes of a place over float32 features, or 64: 16 bytes over features of 64 bits.
    private static KernelCase Case(Shape shape, int seed)
    {
        var data = new CaseData(seed);
        bool isDouble = shape.Form == 64;
        int slotBytes = Math.Min(shape.Form, 16);
        var slots = new List<(double Threshold, int Feature, int Way, int Leaf)>();
        var leaves = new List<(int Target, double Weight)[]>();
        int[] roots = [.. Enumerable.Range(0, shape.Trees).Select(_ => Tree(data.Random, shape, slots, leaves))];
        double[] x = [.. Enumerable.Range(0, shape.Rows * shape.Features).Select(_ => Number(data.Random))];
        int width = isDouble ? 8 : 4;
        int from = data.ReserveWide(x.Length * width);
        Put(data, from, Bytes(x, isDouble));
        int to = data.ReserveWide(shape.Rows * shape.Targets * width);
        int slotsAt = data.AddWeights(Packed(slots, slotBytes));
        int rootsAt = data.AddWeights(roots);
        int weightsAt = data.AddWeights(Bytes([.. leaves.SelectMany(l => l.Select(w => w.Weight))], isDouble));
        int startsAt = -1, idsAt = -1;
        if (shape.IsListed)
        {
            startsAt = data.AddWeights([0, .. leaves.Select((_, i) => leaves.Take(i + 1).Sum(l => l.Length))]);
            idsAt = data.AddWeights([.. leaves.SelectMany(l => l.Select(w => w.Target))]);
        }
        return new KernelCase
        {
            Kernel = isDouble ? "TreeEnsemble.Float64" : "TreeEnsemble.Float32",
            Name = $"{shape} {slotBytes} bytes",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = isDouble
                ? ws => TreeEnsemble.Float64(ws, from, to, slotsAt, slotBytes, rootsAt, weightsAt, startsAt, idsAt, shape.Rows,
                    shape.Features, shape.Trees, shape.Targets, shape.Aggregate)
                : ws => TreeEnsemble.Float32(ws, from, to, slotsAt, slotBytes, rootsAt, weightsAt, startsAt, idsAt, shape.Rows,
                    shape.Features, shape.Trees, shape.Targets, shape.Aggregate),
            Oracle = arena => Bytes(Expected(shape, slots, leaves, roots, x, isDouble), isDouble).CopyTo(arena.AsSpan(to)),
        };
    }

    private static double[] Expected(Shape shape, List<(double Threshold, int Feature, int Way, int Leaf)> slots,
        List<(int Target, double Weight)[]> leaves, int[] roots, double[] x, bool isDouble)
    {
        var y = new double[shape.Rows * shape.Targets];
        Array.Fill(y, shape.Aggregate switch { 1 => double.PositiveInfinity, 2 => double.NegativeInfinity, _ => 0 });
        for (int row = 0; row < shape.Rows; row++)
        {
            foreach (int root in roots)
            {
                int at = root;
                while (slots[at].Way > 0)
                    at += slots[at].Way + (x[(row * shape.Features) + slots[at].Feature] <= slots[at].Threshold ? 1 : 0);
                foreach ((int target, double weight) in leaves[slots[at].Leaf])
                {
                    ref double sum = ref y[(row * shape.Targets) + target];
                    double more = isDouble ? sum + weight : (float)(sum + weight);
                    sum = shape.Aggregate switch { 1 => Math.Min(sum, weight), 2 => Math.Max(sum, weight), _ => more };
                }
            }
        }
        return y;
    }

    // Places of a tree, each branch's next two together behind it; some branches compare with NaN.
    private static int Tree(Random random, Shape shape, List<(double Threshold, int Feature, int Way, int Leaf)> slots,
        List<(int Target, double Weight)[]> leaves)
    {
        int root = slots.Count;
        slots.Add(default);
        Fill(root, shape.Depth);
        return root;

        void Fill(int place, int depth)
        {
            if (depth == 0 || (depth < shape.Depth && random.Next(5) == 0))
            {
                IEnumerable<int> targets = Enumerable.Range(0, shape.Targets).Where(_ => !shape.IsListed || random.Next(3) > 0);
                slots[place] = (double.NaN, 0, 0, leaves.Count);
                leaves.Add([.. targets.Select(t => (t, (double)(float)(random.NextDouble() - 0.4)))]);
                return;
            }
            int pair = slots.Count;
            slots.AddRange([default, default]);
            slots[place] = (random.Next(9) == 0 ? double.NaN : Number(random), random.Next(shape.Features), pair - place, -1);
            Fill(pair, depth - 1);
            Fill(pair + 1, depth - 1);
        }
    }

    private static double Number(Random random) => random.Next(12) switch
    {
        0 => double.NaN,
        1 => double.NegativeInfinity,
        2 => -0.0,
        _ => (float)(random.Next(-3, 4) * 0.25),
    };

    private static byte[] Packed(List<(double Threshold, int Feature, int Way, int Leaf)> slots, int slotBytes)
    {
        var bytes = new List<byte>();
        foreach ((double threshold, int feature, int way, int leaf) in slots)
        {
            if (slotBytes == 8)
            {
                int bits = BitConverter.SingleToInt32Bits((float)threshold);
                bytes.AddRange(BitConverter.GetBytes(way == 0 ? 0x7FC00000 | leaf : bits));
                bytes.AddRange(BitConverter.GetBytes((ushort)feature));
                bytes.AddRange(BitConverter.GetBytes((ushort)way));
                continue;
            }
            long wide = BitConverter.DoubleToInt64Bits(threshold);
            bytes.AddRange(BitConverter.GetBytes(way == 0 ? 0x7FF8000000000000 | (uint)leaf : wide));
            bytes.AddRange(BitConverter.GetBytes(feature));
            bytes.AddRange(BitConverter.GetBytes(way));
        }
        return [.. bytes];
    }

    private static byte[] Bytes(double[] values, bool isDouble) => isDouble ? MemoryMarshal.AsBytes<double>(values).ToArray()
        : MemoryMarshal.AsBytes<float>(Array.ConvertAll(values, v => (float)v)).ToArray();

    private static void Put(CaseData data, int offset, byte[] bytes)
    {
        for (int i = 0; i < bytes.Length; i++)
            data.Put(offset + i, bytes[i]);
    }

    private delegate void Scorer(Workspace w, int input, int output, int columns, int thresholds, int starts, int startBytes, int marks,
        int markBytes, int masks, int numbers, int weights, int names, float scale, int rows, int features, int tested, int trees,
        int targets, int most);

    private delegate void Walker(Workspace w, int input, int output, int columns, int thresholds, int places, int placeBytes, int testBits,
        int roots, int bases, int weights, int names, float scale, int rows, int features, int tested, int tests, int leaves, int trees,
        int targets);

    private enum Leaf
    {
        Float32,
        Float64,
        Int16,
    }

    private sealed record Shape(
        int Rows, int Features, int Trees, int Depth, int Targets, int Aggregate, bool IsListed, int Form, Leaf Leaf = Leaf.Float32,
        bool IsNamed = false)
    {
        public bool IsDouble => Leaf == Leaf.Float64;
    }

    // Random trees with their features and weights; those of named ones are for one target each.
    private sealed class Trees
    {
        public const float Step = 1f / 4096;

        private readonly Shape _shape;
        private readonly double[] _x;

        public Trees(CaseData data, Shape shape)
        {
            _shape = shape;
            Roots = new int[shape.Trees];
            for (int t = 0; t < Roots.Length; t++)
            {
                _firstLeaves.Add(Leaves.Count);
                Roots[t] = Tree(data.Random, shape, Slots, Leaves);
            }
            _firstLeaves.Add(Leaves.Count);
            Names = [.. Roots.Select(_ => data.Random.Next(shape.Targets))];
            for (int t = 0; t < Roots.Length; t++)
                for (int leaf = _firstLeaves[t]; leaf < _firstLeaves[t + 1]; leaf++)
                    Leaves[leaf] = [.. Leaves[leaf].Where(w => !shape.IsNamed || w.Target == Names[t]).Select(w =>
                        (w.Target, shape.Leaf == Leaf.Int16 ? Math.Round(w.Weight * 4096 * 8) / 4096 : w.Weight))];
            _x = [.. Enumerable.Range(0, shape.Rows * shape.Features).Select(_ => Number(data.Random))];
            int width = shape.IsDouble ? 8 : 4;
            From = data.ReserveWide(_x.Length * width);
            Put(data, From, Bytes(_x, shape.IsDouble));
            To = data.ReserveWide(shape.Rows * shape.Targets * width);
        }

        private readonly List<int> _firstLeaves = [];

        public List<(double Threshold, int Feature, int Way, int Leaf)> Slots { get; } = [];

        public List<(int Target, double Weight)[]> Leaves { get; } = [];

        public int[] Roots { get; }

        public int[] Names { get; }

        public int From { get; }

        public int To { get; }

        public bool IsRows => _shape.Targets > 1 && !_shape.IsNamed;

        public IEnumerable<int> LeavesOf(int tree) => Enumerable.Range(_firstLeaves[tree], _firstLeaves[tree + 1] - _firstLeaves[tree]);

        public void Oracle(byte[] arena) =>
            Bytes(Expected(_shape, Slots, Leaves, Roots, _x, _shape.IsDouble), _shape.IsDouble).CopyTo(arena.AsSpan(To));

        public int AddWeights(CaseData data, int[] leaves)
        {
            int width = IsRows ? (_shape.Targets + 3) / 4 * 4 : 1;
            double[] values = [.. leaves.SelectMany(l =>
                Leaves[l].Select(w => w.Weight).Concat(Enumerable.Repeat(7.0, width)).Take(width))];
            return data.AddWeights(_shape.Leaf == Leaf.Int16
                ? MemoryMarshal.AsBytes<short>(Array.ConvertAll(values, v => (short)(v * 4096))).ToArray()
                : Bytes(values, _shape.IsDouble));
        }
    }

    // The different tests by feature and threshold, NaN first; in even shapes every feature has the thresholds of all.
    private sealed class Tests
    {
        private readonly Dictionary<(int Feature, double Threshold), int> _numbers = [];

        public Tests(Trees trees, Shape shape)
        {
            (int Feature, double Threshold)[] tests = [.. trees.Slots.Where(s => s.Way > 0).Select(s => (s.Feature, s.Threshold + 0.0))
                .Distinct().OrderBy(t => t.Feature).ThenBy(t => double.IsNaN(t.Item2) ? 0 : 1).ThenBy(t => t.Item2)];
            bool isShared = shape.Rows % 2 == 0;
            double[] all = [.. tests.Select(t => t.Threshold).Distinct().OrderBy(t => double.IsNaN(t) ? 0 : 1).ThenBy(t => t)];
            var columns = new List<int>();
            var thresholds = new List<double>(isShared ? all : []);
            foreach (IGrouping<int, double> feature in tests.GroupBy(t => t.Feature, t => t.Threshold))
            {
                double[] own = isShared ? all : [.. feature];
                columns.AddRange([feature.Key, isShared ? 0 : thresholds.Count, own.Length]);
                foreach (double threshold in own)
                    _numbers[(feature.Key, threshold)] = _numbers.Count;
                if (!isShared)
                    thresholds.AddRange(own);
            }
            Columns = [.. columns];
            Thresholds = [.. thresholds, .. Enumerable.Repeat(-1e30, 7)];
            Count = _numbers.Count;
        }

        public int[] Columns { get; }

        public double[] Thresholds { get; }

        public int Count { get; }

        public int Number(int feature, double threshold) => _numbers[(feature, threshold + 0.0)];
    }
}
