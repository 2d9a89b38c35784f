using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Weights;

/// <summary>
/// Float32 weights of which only the blocks are stored that are not all zero, 16 outputs times four neighbouring inputs of a run each, and
/// an index of them (<see cref="Float32SparseProduct"/>): all blocks, then their places, then the bounds of the panels' taps. It holds
/// every layer of which so many blocks are zero that its kernels are faster than those of <see cref="DenseFloat32"/>, wherever the zeros
/// come from.
/// </summary>
/// <remarks>
/// Where a run is no multiple of four, its last block begins four inputs before its end: what it has in common with the block before it is
/// zero there. So no kernel reads beyond a run, where there may be anything.
/// </remarks>
internal sealed class SparseFloat32 : WeightStorage
{
    /// <summary>
    /// The largest share of blocks that are stored: from there on the dense kernels are as fast (<c>bench kernels</c>, rows of sparse
    /// weights).
    /// </summary>
    public const double GreatestDensity = 0.7;

    // Smaller layers take no time that an index could save.
    private const int FewestBlocks = 16;

    private const int BlockInputs = Float32SparseProduct.BlockInputs;
    private const int Panel = DenseFloat32.Panel;

    /// <inheritdoc/>
    public override string Name => "float32 blocks";

    /// <inheritdoc/>
    public override ElementType Element => ElementType.Float32;

    /// <inheritdoc/>
    public override double MacsPerNanosecond => 100;

    /// <inheritdoc/>
    public override ImmutableArray<string> Kernels(WeightOrder order) => order switch
    {
        WeightOrder.Dense => [nameof(Float32SparseDense)],
        WeightOrder.Convolution => [nameof(Float32SparseConvolution)],
        _ => [],
    };

    /// <inheritdoc/>
    public override bool Holds(LoweringContext context, Node node, LayerShape shape, Tensor weights) =>
        !context.IsInteger(node) && !SignBits.IsChosen(context, node) && Suits(shape, weights);

    /// <summary>Whether a layer of float32 weights has sparse kernels and so many zero blocks that these are faster.</summary>
    public static bool Suits(LayerShape shape, Tensor weights)
    {
        if (!shape.HasPanelKernels || shape.Order == WeightOrder.Depthwise)
            return false;
        int run = Run(shape), all = Blocks(shape);
        if (run is < BlockInputs or > ushort.MaxValue || all < FewestBlocks)
            return false;
        float[] values = weights.Values<float>();

        // Blocks of zeros are made of zeros: most layers have too few, which is seen at once.
        long few = (long)((1 - GreatestDensity) * all) * Panel * BlockInputs;
        long padding = ((long)all * Panel * BlockInputs) - values.Length;
        if (values.LongCount(v => v == 0) < few - padding)
            return false;
        int kept = new Grid(shape, values).Places.Count;
        return kept > 0 && kept <= GreatestDensity * all;
    }

    /// <inheritdoc/>
    public override double ShareOfProducts(WeightSection section) => (double)Kept(section.Shape, section.Bytes) / Blocks(section.Shape);

    /// <inheritdoc/>
    public override ImmutableArray<(string Name, int Offset)> Arguments(WeightSection section) =>
    [
        ("weights", section.Offset),
        ("columns", section.Offset + (Kept(section.Shape, section.Bytes) * Float32SparseProduct.BlockBytes)),
        ("starts", section.Offset + section.Bytes - (Bounds(section.Shape) * sizeof(int))),
    ];

    /// <inheritdoc/>
    public override ImmutableArray<(int Bytes, int Element)> Parts(LayerShape shape, int bytes)
    {
        int blocks = Kept(shape, bytes) * Float32SparseProduct.BlockBytes, starts = Bounds(shape) * sizeof(int);
        return [(blocks, sizeof(float)), (bytes - blocks - starts, sizeof(ushort)), (starts, sizeof(int))];
    }

    /// <inheritdoc/>
    public override byte[] Pack(LayerShape shape, Tensor weights)
    {
        float[] values = weights.Values<float>();
        var grid = new Grid(shape, values);
        var blocks = new float[grid.Places.Count * Float32SparseProduct.BlockWeights];
        for (int b = 0; b < grid.Places.Count; b++)
            foreach ((int at, int from) in WeightsOf(shape, grid.Places[b].Row, grid.Places[b].Place))
                blocks[(b * Float32SparseProduct.BlockWeights) + at] = values[from];
        ushort[] columns = [.. grid.Places.Select(p => (ushort)First(shape, p.Place))];
        return
        [
            .. MemoryMarshal.AsBytes<float>(blocks), .. MemoryMarshal.AsBytes<ushort>(columns),
            .. new byte[(columns.Length & 1) * sizeof(ushort)], .. MemoryMarshal.AsBytes<int>(grid.Starts),
        ];
    }

    /// <inheritdoc/>
    public override Tensor Unpack(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        int kept = Kept(shape, packed.Length), size = kept * Float32SparseProduct.BlockBytes;
        float[] blocks = MemoryMarshal.Cast<byte, float>(packed[..size]).ToArray();
        ushort[] columns = MemoryMarshal.Cast<byte, ushort>(packed.Slice(size, kept * sizeof(ushort))).ToArray();
        ReadOnlySpan<int> starts = MemoryMarshal.Cast<byte, int>(packed[^(Bounds(shape) * sizeof(int))..]);
        var values = new float[shape.Count];
        for (int row = 0; row < starts.Length - 1; row++)
            for (int b = starts[row]; b < starts[row + 1]; b++)
                foreach ((int at, int from) in WeightsOf(shape, row, (columns[b] + BlockInputs - 1) / BlockInputs))
                    values[from] = blocks[(b * Float32SparseProduct.BlockWeights) + at];
        return new(TypeOf(shape), values);
    }

    /// <inheritdoc/>
    public override string? Fault(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        int kept = Kept(shape, packed.Length), blocks = kept * Float32SparseProduct.BlockBytes, bounds = Bounds(shape) * sizeof(int);
        if (kept < 0 || packed.Length != blocks + ((kept + (kept & 1)) * sizeof(ushort)) + bounds)
            return $"{packed.Length} bytes are no whole blocks";
        int last = Run(shape) - BlockInputs;
        foreach (ushort column in MemoryMarshal.Cast<byte, ushort>(packed.Slice(blocks, kept * sizeof(ushort))))
            if (column > last)
                return $"a block begins at input {column}, the last one at {last}";
        int before = 0;
        ReadOnlySpan<int> starts = MemoryMarshal.Cast<byte, int>(packed[^bounds..]);
        foreach (int start in starts)
        {
            if (start < before || start > kept)
                return $"a tap begins at block {start} behind block {before} of {kept}";
            before = start;
        }
        return starts[0] != 0 || before != kept ? $"taps have blocks {starts[0]} to {before} of {kept}" : null;
    }

    private static int Run(LayerShape shape) => shape.HasJoinedColumns ? shape.Kernel[^1] * shape.Inputs : shape.Inputs;

    private static int Taps(LayerShape shape) => shape.HasJoinedColumns ? shape.Taps / shape.Kernel[^1] : shape.Taps;

    private static int PlacesOfRun(LayerShape shape) => (Run(shape) + BlockInputs - 1) / BlockInputs;

    // The bounds of all panels' taps, and the end.
    private static int Bounds(LayerShape shape) =>
        checked((shape.Groups * (DenseFloat32.Rounded(shape.Outputs) / Panel) * Taps(shape)) + 1);

    private static int Blocks(LayerShape shape) => checked((Bounds(shape) - 1) * PlacesOfRun(shape));

    // The index of an odd number of blocks is filled up to whole s32.
    private static int Kept(LayerShape shape, int bytes) =>
        (bytes - (Bounds(shape) * sizeof(int))) / (Float32SparseProduct.BlockBytes + sizeof(ushort));

    // The first input of a block in the run.
    private static int First(LayerShape shape, int place) => Math.Max(0, Math.Min(place * BlockInputs, Run(shape) - BlockInputs));

    // The weights of a block: their places in it, and where they come from. A row is a tap of a panel of a group.
    private static IEnumerable<(int At, int Weight)> WeightsOf(LayerShape shape, int row, int place)
    {
        int taps = Taps(shape), run = Run(shape), panels = DenseFloat32.Rounded(shape.Outputs) / Panel;
        int tap = row % taps, panel = row / taps % panels, group = row / taps / panels;
        int first = First(shape, place), window = shape.Taps;
        for (int k = place * BlockInputs; k < Math.Min((place + 1) * BlockInputs, run); k++)
        {
            int product = (tap * run) + k, input = product % shape.Inputs, column = product / shape.Inputs;
            for (int o = panel * Panel; o < Math.Min((panel + 1) * Panel, shape.Outputs); o++)
            {
                int weight = (((((group * shape.Outputs) + o) * shape.Inputs) + input) * window) + column;
                yield return (((k - first) * Panel) + (o % Panel), weight);
            }
        }
    }

    /// <summary>The blocks of a layer that are not all zero.</summary>
    private sealed class Grid
    {
        public Grid(LayerShape shape, float[] values)
        {
            Starts = new int[Bounds(shape)];
            for (int row = 0; row < Starts.Length - 1; row++)
            {
                for (int place = 0; place < PlacesOfRun(shape); place++)
                    if (WeightsOf(shape, row, place).Any(w => values[w.Weight] != 0))
                        Places.Add((row, place));
                Starts[row + 1] = Places.Count;
            }
        }

        public List<(int Row, int Place)> Places { get; } = [];

        public int[] Starts { get; }
    }
}
