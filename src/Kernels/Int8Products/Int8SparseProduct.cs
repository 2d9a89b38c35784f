namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// An <see cref="Int8Product"/> whose weights are blocks of 16 output channels times four inputs, of which only those are stored that are
/// not all zero: block compressed sparse rows (R. Vuduc, "Automatic Performance Tuning of Sparse Matrix Kernels", 2003, section 3.1),
/// where a row is one segment of a panel. <see cref="Int8SparseLoop"/> carries it out.
/// </summary>
/// <remarks>
/// <see cref="Int8Product.Weights"/> are the blocks, 64 bytes each, channel-major as in a dense panel; a last panel of 8 channels has
/// blocks of 64 bytes, too, the second half of which is not used.
/// </remarks>
internal struct Int8SparseProduct
{
    /// <summary>Bytes of a block.</summary>
    public const int BlockBytes = 64;

    /// <summary>The layer; its weights are the blocks.</summary>
    public Int8Product Product;

    /// <summary>Weights offset of the blocks' places: for each, one u16, the number of its quad in the segment.</summary>
    public int Columns;

    /// <summary>
    /// Weights offset of the rows' bounds: for each group, panel and segment the number of its first block (s32), and the number of all.
    /// </summary>
    public int Starts;

    /// <summary>Segments of a panel.</summary>
    public readonly int Segments => Product.SegmentRows * Product.SegmentColumns;

    /// <summary>Panels of a group.</summary>
    public readonly int Panels => (Product.Channels + 15) >> 4;

    /// <summary>All blocks.</summary>
    public readonly int Blocks(Workspace w) =>
        Unsafe.ReadUnaligned<int>(ref w.Weight(unchecked(Starts + (Product.Groups * Panels * Segments * 4))));

    /// <summary>The bounds of a panel's segments.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="group">The group.</param>
    /// <param name="channel">A channel of the panel.</param>
    public readonly ref int Bounds(Workspace w, int group, int channel) =>
        ref Unsafe.As<byte, int>(ref w.Weight(unchecked(Starts + (((group * Panels) + (channel >> 4)) * Segments * 4))));
}
