namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Carries out an <see cref="Int8SparseProduct"/> as <see cref="Int8ProductLoop"/> does a dense one: blocks of rows on the outside, then
/// panels of output channels, tiles of rows on the inside. Panels have blocks of their own, so that a tile is never wider than one.
/// </summary>
internal static class Int8SparseLoop
{
    /// <summary>The most rows of a block, a multiple of all tiles' heights but five and seven.</summary>
    private const int MaximumBlock = Workspace.MaximumRows;

    /// <summary>Bytes of inputs and outputs that a block should not exceed: what a first-level cache has beside the weights.</summary>
    private const int BlockBytes = 24 * 1024;

    /// <summary>Output channels of a panel.</summary>
    private const int PanelWidth = 16;

    /// <summary>Computes the product on the process's path, and on the prediction's threads where it is large.</summary>
    public static void Run(Workspace w, in Int8SparseProduct sparse)
    {
        if (w.IsStarting)
        {
            Int8SparseStartUpLoop.Run(w, in sparse);
            return;
        }

        if (w.Threads > 1 && Int8SparseJob.TryRun(w, in sparse))
            return;
        Run(w, in sparse, 0, sparse.Product.PaddedChannels);
    }

    /// <summary>Computes a range of the output channels of every group on the process's path and the caller's thread.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="sparse">The product.</param>
    /// <param name="from">The first channel, a multiple of 16.</param>
    /// <param name="to">The end of the channels, a multiple of 16 unless it is the end of all.</param>
    public static void Run(Workspace w, in Int8SparseProduct sparse, int from, int to)
    {
#if NET10_0_OR_GREATER
        if (KernelPath.UsesAvx10 || KernelPath.UsesAvx512Vnni)
        {
            // A last panel of 8 channels is half a vector wide.
            int panels = to & ~(PanelWidth - 1);
            if (from < panels)
            {
                Vnni512(w, in sparse, from, panels);
                from = panels;
            }

            if (from == to)
                return;
        }
#endif
#if NET9_0_OR_GREATER
        if (KernelPath.UsesAvxVnni)
        {
            Run<AvxVnniDotProduct, Vector256<int>>(w, in sparse, from, to);
            return;
        }
#endif
        if (KernelPath.UsesAvx512)
        {
            // A last panel of 8 channels is half a vector wide.
            int whole = to & ~(PanelWidth - 1);
            if (from < whole && sparse.Product.PairSumsFit)
                Run<Avx512PairDotProduct, Vector512<int>>(w, in sparse, from, whole);
            else if (from < whole)
                Run<Avx512DotProduct, Vector512<int>>(w, in sparse, from, whole);
            from = from < whole ? whole : from;
        }

        if (from == to)
            return;
        if (KernelPath.UsesAvx512 || KernelPath.UsesAvx2)
        {
            if (sparse.Product.PairSumsFit)
                Run<Avx2PairDotProduct, Vector256<int>>(w, in sparse, from, to);
            else
                Run<Avx2DotProduct, Vector256<int>>(w, in sparse, from, to);
        }
        else if (KernelPath.UsesArmDot)
        {
            Run<ArmDotProduct, Vector128<int>>(w, in sparse, from, to);
        }
        else if (KernelPath.UsesVector128 && Ssse3.IsSupported && sparse.Product.PairSumsFit)
        {
            Run<Ssse3PairDotProduct, Vector128<int>>(w, in sparse, from, to);
        }
        else if (KernelPath.UsesVector128)
        {
            Run<Vector128DotProduct, Vector128<int>>(w, in sparse, from, to);
        }
        else
        {
            Int8SparseScalarLoop.Run(w, in sparse, from, to);
        }
    }

#if NET10_0_OR_GREATER
    /// <summary>Whole panels with one of the two extensions that multiply bytes on 512 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Vnni512(Workspace w, in Int8SparseProduct sparse, int from, int to)
    {
#if NET11_0_OR_GREATER
        if (!KernelPath.UsesAvx10)
        {
            Run<Avx512VnniDotProduct, Vector512<int>>(w, in sparse, from, to);
            return;
        }
#endif
        Run<Avx10DotProduct, Vector512<int>>(w, in sparse, from, to);
    }
#endif

    /// <summary>Computes a range of the output channels of every group with one instruction set.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="sparse">The product.</param>
    /// <param name="from">The first channel, a multiple of 16.</param>
    /// <param name="to">The end of the channels, a multiple of 8; of 16 where a vector has 16 lanes.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    public static void Run<TDot, TVector>(Workspace w, in Int8SparseProduct sparse, int from, int to)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        ref readonly Int8Product product = ref sparse.Product;
        if (product.Images == 1 && product.Height * product.Width == 1)
        {
            Int8SparseRowLoop.Run<TDot, TVector>(w, in sparse, from, to);
            return;
        }

        unchecked
        {
            int size = product.Requantization.IsWide ? 4 : 1;
            int rowBytes = product.InputPixelStep + (product.Channels * product.Groups * size);
            int fitting = BlockBytes / (rowBytes > 0 ? rowBytes : 1);
            int largest = fitting < MaximumBlock / 2 ? MaximumBlock / 2 : fitting < MaximumBlock ? fitting / 12 * 12 : MaximumBlock;
            int total = product.Height * product.Width;
            for (int image = 0; image < product.Images; image++)
            {
                var position = new Int8RowPosition(in product, image);
                for (int left = total; left > 0;)
                {
                    // Blocks of the same number of tiles each, instead of a short last one.
                    int blocks = (left + largest - 1) / largest;
                    int rows = blocks == 1 ? left : (((left + blocks - 1) / blocks) + 11) / 12 * 12;
                    position.Fill(in product, ref w.RowInputs, ref w.RowOutputs, rows);
                    Block<TDot, TVector>(w, in sparse, from, to, rows);
                    left -= rows;
                }
            }
        }
    }

    /// <summary>All channels of a block of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TDot, TVector>(Workspace w, in Int8SparseProduct sparse, int from, int to, int rows)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            ref readonly Int8Product product = ref sparse.Product;
            int size = product.Requantization.IsWide ? 4 : 1;
            for (int group = 0; group < product.Groups; group++)
            {
                int firstIndex = group * product.PaddedChannels;
                for (int channel = from; channel < to; channel += PanelWidth)
                {
                    int panel = product.PaddedChannels - channel >= PanelWidth ? PanelWidth : 8;
                    bool pair = TDot.Lanes < panel;
                    int width = pair ? 2 * TDot.Lanes : TDot.Lanes;
                    ref int bounds = ref sparse.Bounds(w, group, channel);
                    ref ushort columns = ref Unsafe.As<byte, ushort>(ref w.Weight(sparse.Columns + (bounds * 2)));
                    for (int part = 0; part < panel; part += width)
                    {
                        int index = firstIndex + channel + part;
                        int count = product.Channels - channel - part;
                        if (count <= 0)
                            break;
                        ref byte at = ref w.Weight(product.Weights + (bounds * Int8SparseProduct.BlockBytes) + (part * 4));
                        Tiles<TDot, TVector>(
                            w, in product, rows, pair, group * product.InputGroupStep, ref at, ref columns, ref bounds,
                            ref Start<TDot, TVector>(w, in sparse, index, 1, width, ref bounds, ref at),
                            ref w.Weight(product.Multipliers + (index * 4)),
                            ((group * product.Channels) + channel + part) * size, count < width ? count : width);
                    }
                }
            }
        }
    }

    /// <summary>
    /// What the sums of panels, or of a part of one, start with: the biases, or with what offset activations ask for.
    /// </summary>
    /// <param name="w">The workspace.</param>
    /// <param name="sparse">The product.</param>
    /// <param name="index">The first channel's place among biases.</param>
    /// <param name="panels">How many panels.</param>
    /// <param name="width">The channels of each.</param>
    /// <param name="bounds">The bounds of the panels' segments.</param>
    /// <param name="weights">The channels in the first panel's first block.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref int Start<TDot, TVector>(
        Workspace w, in Int8SparseProduct sparse, int index, int panels, int width, ref int bounds, ref byte weights)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            ref int bias = ref Unsafe.As<byte, int>(ref w.Weight(sparse.Product.Bias + (index * 4)));
            if (!TDot.IsOffset)
                return ref bias;
            Offset<TDot, TVector>(in sparse, panels, width, ref bounds, ref weights, ref bias, ref w.RowStart);
            return ref w.RowStart;
        }
    }

    private static void Offset<TDot, TVector>(
        in Int8SparseProduct sparse, int panels, int width, ref int bounds, ref byte weights, ref int bias, ref int start)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            // A panel's blocks are one segment here.
            Int8Product blocks = sparse.Product;
            blocks.SegmentRows = 1;
            blocks.SegmentColumns = 1;
            for (int panel = 0; panel < panels; panel++)
            {
                ref int first = ref Unsafe.Add(ref bounds, panel * sparse.Segments);
                blocks.SegmentQuads = Unsafe.Add(ref first, sparse.Segments) - first;
                ref byte lanes = ref Unsafe.Add(ref weights, (first - bounds) * Int8SparseProduct.BlockBytes);
                for (int i = 0; i < width; i += 2 * TDot.Lanes)
                {
                    int channel = (panel * width) + i;
                    Int8ProductLoop.OffsetStart<TDot, TVector>(
                        in blocks, width - i < 2 * TDot.Lanes ? width - i : 2 * TDot.Lanes, TDot.Lanes * 4, Int8SparseProduct.BlockBytes,
                        ref Unsafe.Add(ref lanes, i * 4), ref Unsafe.Add(ref bias, channel), ref Unsafe.Add(ref start, channel));
                }
            }
        }
    }

    /// <summary>All rows of a block times the one or two vectors of channels of a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<TDot, TVector>(
        Workspace w, in Int8Product product, int rows, bool pair, nint inputShift, ref byte weights, ref ushort columns,
        ref int bounds, ref int start, ref byte multipliers, nint outputShift, int count)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            // Tiles as equal as can be: seven rows are four and three, not six and one.
            int tallest = pair ? TDot.Rows : Int8Tile.MaximumRows;
            int tiles = (rows + tallest - 1) / tallest;
            int height = rows / tiles;
            int taller = rows - (height * tiles);
            int width = pair ? 2 * TDot.Lanes : TDot.Lanes;
            bool stores = RequantizedTile.IsUsed<TVector>() && product.Requantization.IsPlain && count == width;
            ref byte arena = ref Unsafe.Add(ref w.Arena(0), inputShift);
            nint target = outputShift - inputShift;
            ref int inputs = ref w.RowInputs;
            ref int outputs = ref w.RowOutputs;
            ref int sums = ref w.RowSums;
            for (int part = 0; part < 2; part++)
            {
                int run = part == 0 ? taller : tiles - taller;
                int extent = part == 0 ? height + 1 : height;
                if (run == 0)
                    continue;
                if (stores)
                {
                    Tile<TDot, TVector, Extent1>(
                        in product, pair, extent, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start,
                        ref multipliers, ref outputs, target, run, ref sums);
                }
                else
                {
                    Tile<TDot, TVector, Extent0>(
                        in product, pair, extent, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start,
                        ref multipliers, ref outputs, target, run, ref sums);
                }

                inputs = ref Unsafe.Add(ref inputs, extent * run);
                outputs = ref Unsafe.Add(ref outputs, extent * run);
                sums = ref Unsafe.Add(ref sums, extent * run * width);
            }

            if (!stores)
            {
                RequantizedBlock.Run(
                    ref w.RowSums, width, rows, count, ref multipliers, in product.Requantization,
                    ref Unsafe.Add(ref arena, target), ref w.RowOutputs);
            }
        }
    }

    /// <summary>Tiles of a height.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TDot, TVector, TStores>(
        in Int8Product product, bool pair, int height, ref byte arena, ref int inputs, ref byte weights, ref ushort columns,
        ref int bounds, ref int start, ref byte multipliers, ref int outputs, nint target, int tiles, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TStores : struct, IExtent
    {
        if (pair)
        {
            switch (height)
            {
                case 6:
                    Int8SparseTile.Run<TDot, TVector, Extent6, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 5:
                    Int8SparseTile.Run<TDot, TVector, Extent5, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 4:
                    Int8SparseTile.Run<TDot, TVector, Extent4, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 3:
                    Int8SparseTile.Run<TDot, TVector, Extent3, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 2:
                    Int8SparseTile.Run<TDot, TVector, Extent2, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                default:
                    Int8SparseTile.Run<TDot, TVector, Extent1, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
            }
        }
        else
        {
            switch (height)
            {
                case 8:
                    Int8SparseTile.Run<TDot, TVector, Extent8, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 7:
                    Int8SparseTile.Run<TDot, TVector, Extent7, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 6:
                    Int8SparseTile.Run<TDot, TVector, Extent6, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 5:
                    Int8SparseTile.Run<TDot, TVector, Extent5, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 4:
                    Int8SparseTile.Run<TDot, TVector, Extent4, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 3:
                    Int8SparseTile.Run<TDot, TVector, Extent3, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                case 2:
                    Int8SparseTile.Run<TDot, TVector, Extent2, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
                default:
                    Int8SparseTile.Run<TDot, TVector, Extent1, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, ref columns, ref bounds, ref start, ref multipliers, ref outputs,
                        target, tiles, ref sums);
                    break;
            }
        }
    }
}
