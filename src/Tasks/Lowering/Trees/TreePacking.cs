using System.Buffers.Binary;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators.Trees;

namespace OptimizerBuild.Lowering.Trees;

/// <summary>
/// Decision trees as the kernel reads them (<see cref="ITreeSlots{T}"/>). The two places behind each branch lie together, the trees one
/// after the other, depth first, so that a walk only ever goes forward: branches with several parents lie behind all of them.
/// </summary>
internal sealed class TreePacking
{
    private const int MostShort = ushort.MaxValue;
    private const int MostShortLeaves = 1 << 22;

    private TreePacking(byte[] slots, int slotBytes, int[] roots)
    {
        Slots = slots;
        SlotBytes = slotBytes;
        Roots = roots;
    }

    /// <summary>The places.</summary>
    public byte[] Slots { get; }

    /// <summary>The size of a place: 8 or 16 bytes.</summary>
    public int SlotBytes { get; }

    /// <summary>The first place of each tree.</summary>
    public int[] Roots { get; }

    /// <summary>Packs trees into places of 8 bytes if they fit there.</summary>
    /// <param name="forest">The trees.</param>
    /// <param name="element">The features' type: float32 or double.</param>
    public static TreePacking Of(TreeForest forest, ElementType element)
    {
        // Trees that share branches may lie too far apart: then each has its own.
        bool fits = element == ElementType.Float32 && forest.Leaves <= MostShortLeaves && forest.Features.All(f => f <= MostShort);
        return (fits ? Pack(forest, [forest.Roots], 8) ?? Pack(forest, [.. forest.Roots.Select(r => (int[])[r])], 8) : null)
            ?? Pack(forest, [forest.Roots], 16)!;
    }

    /// <summary>What makes packed trees unsafe to walk; null where nothing does: a walk goes forward until it comes to a leaf.</summary>
    /// <param name="features">The number of features of a row.</param>
    /// <param name="leaves">The number of leaves.</param>
    public string? Fault(int features, int leaves)
    {
        int count = Slots.Length / SlotBytes;
        for (int i = 0; i < count; i++)
        {
            (int feature, int way, int leaf) = Read(i);
            if (feature < 0 || feature >= Math.Max(features, 1))
                return $"place {i} looks at feature {feature} of {features}";
            if (way < 0 || (way > 0 && (long)i + way + 1 >= count))
                return $"place {i} leads out of the trees";
            if (way == 0 && (leaf < 0 || leaf >= leaves))
                return $"place {i} is leaf {leaf} of {leaves}";
        }
        return Roots.Any(r => r < 0 || r >= count) ? "a tree begins outside" : null;
    }

    private (int Feature, int Way, int Leaf) Read(int place)
    {
        ReadOnlySpan<byte> slot = Slots.AsSpan(place * SlotBytes, SlotBytes);
        int low = BinaryPrimitives.ReadInt32LittleEndian(slot);
        return SlotBytes == 8
            ? (BinaryPrimitives.ReadUInt16LittleEndian(slot[4..]), BinaryPrimitives.ReadUInt16LittleEndian(slot[6..]), low & 0x3FFFFF)
            : (BinaryPrimitives.ReadInt32LittleEndian(slot[8..]), BinaryPrimitives.ReadInt32LittleEndian(slot[12..]), low);
    }

    // Null where a way is too long for places of 8 bytes.
    private static TreePacking? Pack(TreeForest forest, int[][] groups, int slotBytes)
    {
        var nodes = new List<int>();
        var pairs = new List<int>();
        var roots = new List<int>();
        // Trees that have each their own branches, although they share them, may be many times as large together.
        long most = groups.Length == 1 ? long.MaxValue : (4L * forest.Branches) + (2L * forest.Roots.Length) + 1024;
        var visited = new byte[forest.Branches];
        foreach (int[] group in groups)
        {
            if (nodes.Count > most)
                return null;
            // First where everything lies: a tree's first place, then the pairs behind its branches.
            var first = new Dictionary<int, int>();
            var pair = new Dictionary<int, int>();
            int begin = nodes.Count;
            HashSet<int> wanted = [.. group];
            foreach (int leaf in group.Where(r => r < 0).Distinct())
                Add(first, leaf, leaf);
            foreach (int branch in TreeForest.Order(visited, group, n => forest.Yes[n], n => forest.No[n])!)
            {
                if (wanted.Contains(branch))
                    Add(first, branch, branch);
                Add(pair, branch, forest.No[branch], forest.Yes[branch]);
            }
            roots.AddRange(group.Select(r => first[r]));
            for (int place = begin; place < nodes.Count; place++)
                pairs.Add(nodes[place] < 0 ? place : pair[nodes[place]]);
        }
        var slots = new byte[nodes.Count * slotBytes];
        for (int place = 0; place < nodes.Count; place++)
            if (!Write(slots.AsSpan(place * slotBytes, slotBytes), forest, nodes[place], pairs[place] - place))
                return null;
        return new(slots, slotBytes, [.. roots]);

        void Add(Dictionary<int, int> places, int key, params ReadOnlySpan<int> added)
        {
            places[key] = nodes.Count;
            nodes.AddRange(added);
        }
    }

    private static bool Write(Span<byte> slot, TreeForest forest, int node, int way)
    {
        if (slot.Length == 16)
        {
            long bits = node < 0 ? BitConverter.DoubleToInt64Bits(double.NaN) | (uint)~node
                : BitConverter.DoubleToInt64Bits(forest.Thresholds[node]);
            BinaryPrimitives.WriteInt64LittleEndian(slot, bits);
            BinaryPrimitives.WriteInt32LittleEndian(slot[8..], node < 0 ? 0 : forest.Features[node]);
            BinaryPrimitives.WriteInt32LittleEndian(slot[12..], way);
            return true;
        }
        if (way > MostShort)
            return false;
        int threshold = node < 0 ? BitConverter.SingleToInt32Bits(float.NaN) | ~node
            : BitConverter.SingleToInt32Bits((float)forest.Thresholds[node]);
        BinaryPrimitives.WriteInt32LittleEndian(slot, threshold);
        BinaryPrimitives.WriteUInt16LittleEndian(slot[4..], (ushort)(node < 0 ? 0 : forest.Features[node]));
        BinaryPrimitives.WriteUInt16LittleEndian(slot[6..], (ushort)way);
        return true;
    }
}
