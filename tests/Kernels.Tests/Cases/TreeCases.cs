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
    }

    // The same trees with a bit for each leaf, the second of the next two places first.
    private static KernelCase Scored(Shape shape, int seed)
    {
        var data = new CaseData(seed);
        var slots = new List<(double Threshold, int Feature, int Way, int Leaf)>();
        var leaves = new List<(int Target, double Weight)[]>();
        int[] roots = [.. Enumerable.Range(0, shape.Trees).Select(_ => Tree(data.Random, shape, slots, leaves))];
        double[] x = [.. Enumerable.Range(0, shape.Rows * shape.Features).Select(_ => Number(data.Random))];
        var branches = new List<(int Feature, float Threshold, int Tree, uint Kept)>();
        List<int>[] places = [.. roots.Select(_ => new List<int>())];
        for (int tree = 0; tree < roots.Length; tree++)
            Unfold(roots[tree], tree);
        int most = places.Max(p => p.Count), width = (shape.Targets + 3) / 4 * 4;
        (int Feature, float Threshold, int Tree, uint Kept)[] sorted =
            [.. branches.OrderBy(b => b.Feature).ThenBy(b => float.IsNaN(b.Threshold) ? 0 : 1).ThenBy(b => b.Threshold)];
        int from = data.ReserveWide(x.Length * 4);
        Put(data, from, Bytes(x, false));
        int to = data.ReserveWide(shape.Rows * shape.Targets * 4);
        int boundsAt = data.AddWeights(
            [.. Enumerable.Range(0, shape.Features + 1).Select(f => sorted.Count(b => b.Feature < f))]);
        int thresholdsAt = data.AddWeights(Bytes([.. sorted.Select(b => (double)b.Threshold)], false));
        int marksAt = data.AddWeights([.. sorted.SelectMany(b => (int[])[b.Tree, unchecked((int)b.Kept)])]);
        int[] padded = [.. places.SelectMany(p => p.Concat(Enumerable.Repeat(0, most - p.Count)))];
        int leavesAt = shape.Targets > 1 ? data.AddWeights(padded)
            : data.AddWeights(Bytes([.. padded.Select(l => leaves[l][0].Weight)], false));
        int weightsAt = data.AddWeights(Bytes([.. leaves.SelectMany(l =>
            l.Select(w => w.Weight).Concat(Enumerable.Repeat(double.NaN, width - shape.Targets)))], false));
        return new KernelCase
        {
            Kernel = "TreeScorer.Run",
            Name = $"{shape}",
            Arena = data.Arena,
            Weights = data.Weights,
            Run = ws => TreeScorer.Run(ws, from, to, boundsAt, thresholdsAt, marksAt, leavesAt, weightsAt, shape.Rows, shape.Features,
                shape.Trees, shape.Targets, most),
            Oracle = arena => Bytes(Expected(shape, slots, leaves, roots, x, false), false).CopyTo(arena.AsSpan(to)),
        };

        void Unfold(int place, int tree)
        {
            (double threshold, int feature, int way, int leaf) = slots[place];
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
            branches.Add((feature, (float)threshold, tree, ~yes));
            Unfold(place + way, tree);
        }
    }

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

    private sealed record Shape(
        int Rows, int Features, int Trees, int Depth, int Targets, int Aggregate, bool IsListed, int Form);
}
