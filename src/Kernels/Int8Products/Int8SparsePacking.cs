namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Collections.Generic;

/// <summary>
/// The layout in which the build stores s8 weights of which whole blocks are zero, and its exact inverse: the dense layout's panels, of
/// whose groups of four inputs (quads) only those are kept that have a weight other than zero, and an index of them
/// (<see cref="Int8SparseProduct"/>). Only the build and the tests use this class, so it is never emitted into an app.
/// </summary>
internal static class Int8SparsePacking
{
    /// <summary>Quads of a segment that a place can number.</summary>
    public const int MaximumSegmentQuads = ushort.MaxValue + 1;

    /// <summary>Keeps the blocks that are not all zero.</summary>
    /// <param name="dense">The layer in the layout of dense panels, group after group.</param>
    /// <param name="groups">Number of groups.</param>
    /// <param name="outputs">Output channels of a group.</param>
    /// <param name="segments">Segments to an output.</param>
    /// <param name="quads">Quads of a segment.</param>
    /// <param name="blocks">Receives the blocks, 64 bytes each.</param>
    /// <param name="columns">Receives for each block its quad in the segment.</param>
    /// <param name="starts">Receives for each group, panel and segment the number of its first block, and the number of all.</param>
    public static void Pack(
        ReadOnlySpan<byte> dense, int groups, int outputs, int segments, int quads, out byte[] blocks, out ushort[] columns,
        out int[] starts)
    {
        var kept = new List<byte>();
        var places = new List<ushort>();
        var bounds = new List<int>();
        int padded = (outputs + 7) & ~7;
        int at = 0;
        for (int panel = 0; panel < groups * ((outputs + 15) >> 4); panel++)
        {
            int width = Width(panel, outputs, padded);
            for (int segment = 0; segment < segments; segment++)
            {
                bounds.Add(places.Count);
                for (int quad = 0; quad < quads; quad++)
                {
                    ReadOnlySpan<byte> block = dense.Slice(at, width * 4);
                    at += width * 4;
                    if (block.IndexOfAnyExcept((byte)0) < 0)
                        continue;
                    places.Add(checked((ushort)quad));
                    for (int i = 0; i < Int8SparseProduct.BlockBytes; i++)
                        kept.Add(i < block.Length ? block[i] : (byte)0);
                }
            }
        }

        bounds.Add(places.Count);
        blocks = kept.ToArray();
        columns = places.ToArray();
        starts = bounds.ToArray();
    }

    /// <summary>The inverse of <see cref="Pack"/>.</summary>
    public static byte[] Unpack(
        ReadOnlySpan<byte> blocks, ReadOnlySpan<ushort> columns, ReadOnlySpan<int> starts, int groups, int outputs, int segments, int quads)
    {
        int padded = (outputs + 7) & ~7;
        var dense = new byte[checked(groups * padded * segments * quads * 4)];
        int at = 0;
        for (int panel = 0; panel < groups * ((outputs + 15) >> 4); panel++)
        {
            int width = Width(panel, outputs, padded);
            for (int segment = 0; segment < segments; segment++)
            {
                int row = (panel * segments) + segment;
                for (int block = starts[row]; block < starts[row + 1]; block++)
                {
                    blocks.Slice(block * Int8SparseProduct.BlockBytes, width * 4)
                        .CopyTo(dense.AsSpan(at + (columns[block] * width * 4)));
                }

                at += quads * width * 4;
            }
        }

        return dense;
    }

    // A last panel of at most 8 channels is 8 wide.
    private static int Width(int panel, int outputs, int padded) => padded - (panel % ((outputs + 15) >> 4) * 16) >= 16 ? 16 : 8;
}
