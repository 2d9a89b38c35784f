namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Carries out an <see cref="Int8Product"/>: blocks of rows on the outside, so that their inputs and outputs stay in the caches, then
/// panels of output channels, whose weights stay in the first-level cache while the rows of the block pass by, tiles of rows on the inside.
/// </summary>
internal static class Int8ProductLoop
{
    /// <summary>The most rows of a block, a multiple of all tiles' heights but five and seven.</summary>
    private const int MaximumBlock = Workspace.MaximumRows;

    /// <summary>Bytes of inputs and outputs that a block should not exceed: what a first-level cache has beside the weights.</summary>
    private const int BlockBytes = 24 * 1024;

    /// <summary>Output channels of a panel.</summary>
    private const int PanelWidth = 16;

    /// <summary>Computes the product on the process's path, and on the prediction's threads where it is large.</summary>
    public static void Run(Workspace w, in Int8Product product)
    {
        if (w.IsStarting)
        {
            Int8ProductStartUpLoop.Run(w, in product);
            return;
        }

        if (w.Threads > 1 && Int8ProductJob.TryRun(w, in product))
            return;
        Run(w, in product, 0, product.PaddedChannels);
    }

    /// <summary>Computes a range of the output channels of every group on the process's path and the caller's thread.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="product">The product.</param>
    /// <param name="from">The first channel, a multiple of 16.</param>
    /// <param name="to">The end of the channels, a multiple of 16 unless it is the end of all.</param>
    public static void Run(Workspace w, in Int8Product product, int from, int to)
    {
#if NET10_0_OR_GREATER
#if NET11_0_OR_GREATER
        if (KernelPath.UsesAvx512Vnni && !KernelPath.UsesAvx10 && Int8MixedLoop.IsUsed(in product, from, to))
        {
            if (to - from > Int8MixedLoop.Channels)
                Run<Avx512VnniDotProduct, Vector512<int>>(w, in product, from, unchecked(to - Int8MixedLoop.Channels));
            Int8MixedLoop.Run(w, in product);
            return;
        }
#endif
        if (KernelPath.UsesAvx10 || KernelPath.UsesAvx512Vnni)
        {
            // A last panel of 8 channels is half a vector wide.
            int panels = Int8ShortLoop.IsFasterThan512(in product) ? from : to & ~(PanelWidth - 1);
            if (from < panels)
            {
                Vnni512(w, in product, from, panels);
                from = panels;
            }

            if (from == to)
                return;
        }
#endif
#if NET9_0_OR_GREATER
        if (KernelPath.UsesAvxVnni)
        {
            Run<AvxVnniDotProduct, Vector256<int>>(w, in product, from, to);
            return;
        }
#endif
        if (KernelPath.UsesAvx512)
        {
            // A last panel of 8 channels is half a vector wide.
            int whole = Int8ShortLoop.IsFasterThan512(in product) ? from : to & ~(PanelWidth - 1);
            if (from < whole && product.PairSumsFit)
                Run<Avx512PairDotProduct, Vector512<int>>(w, in product, from, whole);
            else if (from < whole)
                Run<Avx512DotProduct, Vector512<int>>(w, in product, from, whole);
            from = from < whole ? whole : from;
        }

        if (from == to)
            return;
        if (KernelPath.UsesAvx512 || KernelPath.UsesAvx2)
        {
            if (product.PairSumsFit)
                Run<Avx2PairDotProduct, Vector256<int>>(w, in product, from, to);
            else
                Run<Avx2DotProduct, Vector256<int>>(w, in product, from, to);
        }
        else if (KernelPath.UsesArmDot)
        {
            Run<ArmDotProduct, Vector128<int>>(w, in product, from, to);
        }
        else if (KernelPath.UsesVector128 && Ssse3.IsSupported && product.PairSumsFit)
        {
            Run<Ssse3PairDotProduct, Vector128<int>>(w, in product, from, to);
        }
        else if (KernelPath.UsesVector128)
        {
            Run<Vector128DotProduct, Vector128<int>>(w, in product, from, to);
        }
        else
        {
            Int8ScalarLoop.Run(w, in product, from, to);
        }
    }

#if NET10_0_OR_GREATER
    /// <summary>Whole panels with one of the two extensions that multiply bytes on 512 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Vnni512(Workspace w, in Int8Product product, int from, int to)
    {
#if NET11_0_OR_GREATER
        if (!KernelPath.UsesAvx10)
        {
            Run<Avx512VnniDotProduct, Vector512<int>>(w, in product, from, to);
            return;
        }
#endif
        Run<Avx10DotProduct, Vector512<int>>(w, in product, from, to);
    }
#endif

    /// <summary>Computes a range of the output channels of every group with one instruction set.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="product">The product.</param>
    /// <param name="from">The first channel, a multiple of 16.</param>
    /// <param name="to">The end of the channels, a multiple of 8; of 16 where a vector has 16 lanes.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    public static void Run<TDot, TVector>(Workspace w, in Int8Product product, int from, int to)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        if (product.Images == 1 && product.Height * product.Width == 1)
        {
            Int8RowLoop.Run<TDot, TVector>(w, in product, from, to);
            return;
        }

        unchecked
        {
            int largest = LargestBlock(in product);
            int total = product.Height * product.Width;
            for (int image = 0; image < product.Images; image++)
            {
                var position = new Int8RowPosition(in product, image);
                for (int left = total; left > 0;)
                {
                    int rows = BlockRows(left, largest);
                    position.Fill(in product, ref w.RowInputs, ref w.RowOutputs, rows);
                    if (product.RowFactor != 0)
                        Int8RowOffsets.Fill(in product, ref w.Arena(0), ref w.RowInputs, rows, ref w.RowOffsets);
                    Block<TDot, TVector>(w, in product, from, to, rows);
                    left -= rows;
                }
            }
        }
    }

    /// <summary>The most rows of a block, so that their inputs and outputs fit a first-level cache.</summary>
    internal static int LargestBlock(in Int8Product product)
    {
        unchecked
        {
            int size = product.Requantization.IsWide ? 4 : 1;
            int rowBytes = product.InputPixelStep + (product.Channels * product.Groups * size);
            int fitting = BlockBytes / (rowBytes > 0 ? rowBytes : 1);
            return fitting < MaximumBlock / 2 ? MaximumBlock / 2 : fitting < MaximumBlock ? fitting / 12 * 12 : MaximumBlock;
        }
    }

    /// <summary>
    /// The rows of the next block of those that are left: blocks of the same number of tiles each, instead of a short last one, which has
    /// at least twelve rows if it is not the only one.
    /// </summary>
    internal static int BlockRows(int left, int largest)
    {
        unchecked
        {
            int blocks = (left + largest - 1) / largest;
            return blocks == 1 ? left : (((left + blocks - 1) / blocks) + 11) / 12 * 12;
        }
    }

    /// <summary>All channels of a block of rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TDot, TVector>(Workspace w, in Int8Product product, int from, int to, int rows)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            int size = product.Requantization.IsWide ? 4 : 1;
            int panelBytes = PanelWidth * 4 * product.Quads;
            for (int group = 0; group < product.Groups; group++)
            {
                int firstIndex = group * product.PaddedChannels;
                for (int channel = Int8ShortLoop.Run<TDot, TVector>(w, in product, group, from, to, rows); channel < to;)
                {
                    int panel = product.PaddedChannels - channel >= PanelWidth ? PanelWidth : 8;

                    // A vector of 16 lanes is a panel, so that two of them are two panels; two vectors of 4 lanes are half a panel.
                    bool pair = TDot.Lanes < panel || to - channel >= 2 * PanelWidth;
                    int width = pair ? 2 * TDot.Lanes : TDot.Lanes;
                    int second = TDot.Lanes == PanelWidth ? panelBytes : TDot.Lanes * 4;
                    int weights = product.Weights + ((firstIndex + channel) * product.Quads * 4);
                    for (int part = 0; part < panel || part < width; part += width)
                    {
                        int index = firstIndex + channel + part;
                        int count = product.Channels - channel - part;
                        if (count <= 0)
                            break;
                        ref byte at = ref product.Panel(w, weights + (part * 4));
                        ref int start = ref Start<TDot, TVector>(w, in product, index, width, second, panel * 4, ref at);
                        Tiles<TDot, TVector>(
                            w, in product, rows, pair, group * product.InputGroupStep, ref at, second, panel * 4, ref start,
                            ref product.Constant(w, product.Multipliers + (index * 4)),
                            ((group * product.Channels) + channel + part) * size, count < width ? count : width);
                    }

                    channel += panel > width ? panel : width;
                }
            }
        }
    }

    /// <summary>
    /// What the sums of a tile's channels start with: the biases as they are in the weights, or with what offset activations ask for.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ref int Start<TDot, TVector>(
        Workspace w, in Int8Product product, int index, int width, nint second, nint step, ref byte weights)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            ref int bias = ref Unsafe.As<byte, int>(ref product.Constant(w, product.Bias + (index * 4)));
            if (!TDot.IsOffset)
                return ref bias;
            OffsetStart<TDot, TVector>(in product, width, second, step, ref weights, ref bias, ref w.RowStart);
            return ref w.RowStart;
        }
    }

    /// <summary>
    /// Activations of 0 are −128 to an instruction that takes them less 128: their products with the weights, subtracted, are what every
    /// sum lacks.
    /// </summary>
    internal static void OffsetStart<TDot, TVector>(
        in Int8Product product, int width, nint second, nint step, ref byte weights, ref int bias, ref int start)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            int zero = 0;
            TVector activations = TDot.Broadcast(ref Unsafe.As<int, byte>(ref zero));
            TVector even = TDot.EvenActivations(activations);
            TVector odd = TDot.OddActivations(activations);
            for (int i = 0; i < width; i += TDot.Lanes)
            {
                TVector sum = default;
                ref byte source = ref Unsafe.Add(ref weights, i == 0 ? 0 : second);
                for (int k = product.Quads; k > 0; k--)
                {
                    TVector lanes = TDot.Load(ref source);
                    sum = TDot.MultiplyAdd(sum, even, odd, TDot.EvenWeights(lanes), TDot.OddWeights(lanes));
                    source = ref Unsafe.Add(ref source, step);
                }

                TDot.Store(sum, ref Unsafe.As<int, byte>(ref Unsafe.Add(ref start, i)));
                for (int lane = i; lane < i + TDot.Lanes; lane++)
                    Unsafe.Add(ref start, lane) = Unsafe.Add(ref bias, lane) - Unsafe.Add(ref start, lane);
            }
        }
    }

    /// <summary>All rows of a block times the one or two vectors of channels of a tile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<TDot, TVector>(
        Workspace w, in Int8Product product, int rows, bool pair, nint inputShift, ref byte weights, nint second, nint step,
        ref int start, ref byte multipliers, nint outputShift, int count)
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
            int columns = pair ? 2 * TDot.Lanes : TDot.Lanes;
            bool stores = RequantizedTile.IsUsed<TVector>() && product.Requantization.IsPlain && count == columns && product.RowFactor == 0;
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
                        in product, pair, extent, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers,
                        ref outputs, target, run, ref sums);
                }
                else
                {
                    Tile<TDot, TVector, Extent0>(
                        in product, pair, extent, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers,
                        ref outputs, target, run, ref sums);
                }

                inputs = ref Unsafe.Add(ref inputs, extent * run);
                outputs = ref Unsafe.Add(ref outputs, extent * run);
                sums = ref Unsafe.Add(ref sums, extent * run * columns);
            }

            if (!stores)
            {
                if (product.RowFactor != 0)
                    Int8RowOffsets.Add(ref w.RowSums, columns, rows, ref w.RowOffsets);
                RequantizedBlock.Run(
                    ref w.RowSums, columns, rows, count, ref multipliers, in product.Requantization,
                    ref Unsafe.Add(ref arena, target), ref w.RowOutputs);
            }
        }
    }

    /// <summary>Tiles of a height.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TDot, TVector, TStores>(
        in Int8Product product, bool pair, int height, ref byte arena, ref int inputs, ref byte weights, nint second, nint step,
        ref int start, ref byte multipliers, ref int outputs, nint target, int tiles, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TStores : struct, IExtent
    {
        if (pair)
        {
            switch (height)
            {
                case 6:
                    Int8Tile.Run<TDot, TVector, Extent6, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 5:
                    Int8Tile.Run<TDot, TVector, Extent5, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 4:
                    Int8Tile.Run<TDot, TVector, Extent4, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 3:
                    Int8Tile.Run<TDot, TVector, Extent3, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 2:
                    Int8Tile.Run<TDot, TVector, Extent2, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                default:
                    Int8Tile.Run<TDot, TVector, Extent1, Extent2, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
            }
        }
        else
        {
            switch (height)
            {
                case 8:
                    Int8Tile.Run<TDot, TVector, Extent8, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 7:
                    Int8Tile.Run<TDot, TVector, Extent7, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 6:
                    Int8Tile.Run<TDot, TVector, Extent6, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 5:
                    Int8Tile.Run<TDot, TVector, Extent5, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 4:
                    Int8Tile.Run<TDot, TVector, Extent4, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 3:
                    Int8Tile.Run<TDot, TVector, Extent3, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                case 2:
                    Int8Tile.Run<TDot, TVector, Extent2, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
                default:
                    Int8Tile.Run<TDot, TVector, Extent1, Extent1, TStores>(
                        in product, ref arena, ref inputs, ref weights, second, step, ref start, ref multipliers, ref outputs, target,
                        tiles, ref sums);
                    break;
            }
        }
    }
}
