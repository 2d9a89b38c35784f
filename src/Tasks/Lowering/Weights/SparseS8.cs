using System.Collections.Immutable;
using System.Runtime.InteropServices;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Lowering.Weights;

/// <summary>
/// Signed bytes of which only the blocks are stored that are not all zero, 16 outputs times four inputs each, and an index of them
/// (<see cref="Int8SparsePacking"/>): all blocks, then their places, then the bounds of the panels' segments. It holds every layer of
/// which so many blocks are zero that its kernels are faster than those of <see cref="DenseS8"/>, wherever the zeros come from.
/// </summary>
internal sealed class SparseS8 : WeightStorage
{
    /// <summary>
    /// The largest share of blocks that are stored: from there on the dense kernels are as fast (<c>bench kernels</c>, rows of sparse
    /// weights).
    /// </summary>
    public const double GreatestDensity = 0.7;

    // Smaller layers take no time that an index could save.
    private const int FewestBlocks = 16;

    /// <inheritdoc/>
    public override string Name => "s8 blocks";

    /// <inheritdoc/>
    public override ElementType Element => ElementType.Int8;

    /// <inheritdoc/>
    public override double MacsPerNanosecond => 200;

    /// <inheritdoc/>
    public override ImmutableArray<string> Kernels(WeightOrder order) => order switch
    {
        WeightOrder.Dense => ["Int8SparseDense"],
        WeightOrder.Convolution => ["Int8SparseConvolution"],
        _ => [],
    };

    /// <inheritdoc/>
    public override bool Holds(LoweringContext context, Node node, LayerShape shape, Tensor weights) =>
        context.IsInteger(node) && Suits(shape, weights);

    /// <summary>Whether a layer of integers has sparse kernels and so many zero blocks that these are faster.</summary>
    public static bool Suits(LayerShape shape, Tensor weights)
    {
        if (!shape.HasPanelKernels || Order(shape).Segments.Quads > Int8SparsePacking.MaximumSegmentQuads)
            return false;
        Pack(shape, weights.Values<sbyte>(), out byte[] blocks, out _, out _);
        int all = Blocks(shape), kept = blocks.Length / Int8SparseProduct.BlockBytes;
        return all >= FewestBlocks && kept > 0 && kept <= GreatestDensity * all;
    }

    /// <inheritdoc/>
    public override double ShareOfProducts(WeightSection section) => (double)Kept(section.Shape, section.Bytes) / Blocks(section.Shape);

    /// <inheritdoc/>
    public override ImmutableArray<(string Name, int Offset)> Arguments(WeightSection section)
    {
        int columns = section.Offset + (Kept(section.Shape, section.Bytes) * Int8SparseProduct.BlockBytes);
        return
        [
            ("weights", section.Offset), ("columns", columns),
            ("starts", section.Offset + section.Bytes - (Bounds(section.Shape) * sizeof(int))),
        ];
    }

    /// <inheritdoc/>
    public override ImmutableArray<(int Bytes, int Element)> Parts(LayerShape shape, int bytes)
    {
        int kept = Kept(shape, bytes), starts = Bounds(shape) * sizeof(int), blocks = kept * Int8SparseProduct.BlockBytes;
        return [(blocks, 1), (bytes - blocks - starts, sizeof(ushort)), (starts, sizeof(int))];
    }

    /// <inheritdoc/>
    public override byte[] Pack(LayerShape shape, Tensor weights)
    {
        Pack(shape, weights.Values<sbyte>(), out byte[] blocks, out ushort[] columns, out int[] starts);
        return
        [
            .. blocks, .. MemoryMarshal.AsBytes<ushort>(columns), .. new byte[(columns.Length & 1) * sizeof(ushort)],
            .. MemoryMarshal.AsBytes<int>(starts),
        ];
    }

    /// <inheritdoc/>
    public override Tensor Unpack(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        int kept = Kept(shape, packed.Length), blocks = kept * Int8SparseProduct.BlockBytes;
        Int8WeightOrder order = Order(shape);
        byte[] dense = Int8SparsePacking.Unpack(
            packed[..blocks], MemoryMarshal.Cast<byte, ushort>(packed.Slice(blocks, kept * sizeof(ushort))),
            MemoryMarshal.Cast<byte, int>(packed[^(Bounds(shape) * sizeof(int))..]), shape.Groups, shape.Outputs, order.Segments.Count,
            order.Segments.Quads);
        Tensor weights = Tensor.Zeros(TypeOf(shape));
        order.Unpack(dense, weights.Values<sbyte>());
        return weights;
    }

    /// <inheritdoc/>
    public override string? Fault(LayerShape shape, ReadOnlySpan<byte> packed)
    {
        int kept = Kept(shape, packed.Length), blocks = kept * Int8SparseProduct.BlockBytes, bounds = Bounds(shape) * sizeof(int);
        if (kept < 0 || packed.Length != blocks + ((kept + (kept & 1)) * sizeof(ushort)) + bounds)
            return $"{packed.Length} bytes are no whole blocks";
        int quads = Order(shape).Segments.Quads;
        foreach (ushort column in MemoryMarshal.Cast<byte, ushort>(packed.Slice(blocks, kept * sizeof(ushort))))
            if (column >= quads)
                return $"a block has place {column} of {quads}";
        int before = 0;
        ReadOnlySpan<int> starts = MemoryMarshal.Cast<byte, int>(packed[^bounds..]);
        foreach (int start in starts)
        {
            if (start < before || start > kept)
                return $"a segment begins at block {start} behind block {before} of {kept}";
            before = start;
        }
        return starts[0] != 0 || before != kept ? $"segments have blocks {starts[0]} to {before} of {kept}" : null;
    }

    private static void Pack(LayerShape shape, sbyte[] weights, out byte[] blocks, out ushort[] columns, out int[] starts)
    {
        Int8WeightOrder order = Order(shape);
        Int8SparsePacking.Pack(
            order.Pack(weights), shape.Groups, shape.Outputs, order.Segments.Count, order.Segments.Quads, out blocks, out columns,
            out starts);
    }

    private static Int8WeightOrder Order(LayerShape shape) => DenseS8.Order(shape);

    private static int Panels(LayerShape shape) => checked(shape.Groups * ((shape.Outputs + 15) / 16));

    // The bounds of all panels' segments, and the end.
    private static int Bounds(LayerShape shape) => checked((Panels(shape) * Order(shape).Segments.Count) + 1);

    private static int Blocks(LayerShape shape) => checked(Panels(shape) * Order(shape).Segments.Count * Order(shape).Segments.Quads);

    // The index of an odd number of blocks is filled up to whole s32.
    private static int Kept(LayerShape shape, int bytes) =>
        (bytes - (Bounds(shape) * sizeof(int))) / (Int8SparseProduct.BlockBytes + sizeof(ushort));
}
