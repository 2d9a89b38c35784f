namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Carries out an <see cref="Int8WinogradProduct"/>: blocks of windows, whose inputs are transformed into scratch memory; then, for each
/// one or two vectors of output channels, a product of words for each of the 16 positions, the output transform and requantisation.
/// </summary>
/// <remarks>
/// All of it is exact: the weights are transformed by 2G, which has no fractions, and the transformed sums are four times those of the
/// direct form, modulo 2^32 on the way and below 2^31 in the end.
/// </remarks>
internal static class Int8WinogradLoop
{
    /// <summary>The most windows of a block, four outputs each.</summary>
    private const int MaximumWindows = Workspace.MaximumRows / 4;

    /// <summary>A row of sums that no block has, for what belongs to no output.</summary>
    private const int NoRow = Workspace.MaximumRows + 7;

    private const int Positions = Int8WinogradProduct.Positions;
    private const int PanelWidth = Int8WinogradProduct.PanelWidth;

    /// <summary>Computes the product on the process's path, and on the prediction's threads where it is large.</summary>
    public static void Run(Workspace w, in Int8WinogradProduct product)
    {
        ref byte weights = ref WinogradWeights.Of(w, in product);
        if (w.Threads > 1 && Int8WinogradJob.TryRun(w, in product))
            return;
        Run(w, in product, ref weights, 0, product.Windows, 0, product.Direct.Channels);
    }

    /// <summary>Computes a range of the windows and output channels on the process's path and the caller's thread.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="product">The product.</param>
    /// <param name="weights">The transformed weights.</param>
    /// <param name="first">The first window of each image.</param>
    /// <param name="end">The end of the windows of each image.</param>
    /// <param name="from">The first output channel, a multiple of 16.</param>
    /// <param name="to">The end of the output channels, a multiple of 16.</param>
    public static void Run(Workspace w, in Int8WinogradProduct product, ref byte weights, int first, int end, int from, int to)
    {
        if (KernelPath.UsesAvx512)
            Run<Avx512WordDotProduct, WinogradLanes512, Vector512<int>>(w, in product, ref weights, first, end, from, to);
        else
            Run<Avx2WordDotProduct, WinogradLanes256, Vector256<int>>(w, in product, ref weights, first, end, from, to);
    }

    /// <summary>Computes a range of the windows and output channels with one instruction set; parameters as in <c>Run</c>.</summary>
    /// <typeparam name="TDot">Its products.</typeparam>
    /// <typeparam name="TLanes">Its transforms.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    public static void Run<TDot, TLanes, TVector>(
        Workspace w, in Int8WinogradProduct product, ref byte weights, int first, int end, int from, int to)
        where TDot : struct, IDotProduct<TVector>
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            // Blocks as equal as can be.
            int blocks = (end - first + MaximumWindows - 1) / MaximumWindows;
            int block = (end - first + blocks - 1) / blocks;
            int columns = 2 * TDot.Lanes;
            int wordBytes = block * product.WindowBytes;
            ref byte words = ref w.Scratch(wordBytes + (Positions * block * columns * sizeof(int)));
            ref int products = ref Unsafe.As<byte, int>(ref Unsafe.Add(ref words, wordBytes));
            ref int inputs = ref w.RowInputs;
            for (int i = 0; i < block; i++)
                Unsafe.Add(ref inputs, i) = i * product.WindowBytes;
            for (int i = 0; i < columns; i++)
                Unsafe.Add(ref w.RowStart, i) = 0;

            // The product of a position, as the register tile sees it: one segment of words in pairs.
            Int8Product shape = default;
            shape.SegmentRows = 1;
            shape.SegmentColumns = 1;
            shape.SegmentQuads = product.Inputs >> 1;
            int panelBytes = Positions * product.MatrixBytes;
            nint second = TDot.Lanes == PanelWidth ? panelBytes : TDot.Lanes * 4;
            for (int image = 0; image < product.Direct.Images; image++)
            {
                for (int start = first; start < end; start += block)
                {
                    int count = end - start < block ? end - start : block;
                    int rows = Places(in product, image, start, count, ref w.RowOffsets, ref w.RowOutputs);
                    Transform<TLanes, TVector>(w, in product, image, start, count, ref words);
                    for (int channel = from; channel < to;)
                    {
                        bool pair = to - channel >= columns;
                        int width = pair ? columns : TDot.Lanes;
                        ref byte panel = ref Unsafe.Add(ref weights, (nint)(channel / PanelWidth) * panelBytes);
                        for (int p = 0; p < Positions; p++)
                        {
                            Tiles<TDot, TVector>(
                                in shape, pair, ref Unsafe.Add(ref words, p * product.Pitch), ref inputs,
                                ref Unsafe.Add(ref panel, p * product.MatrixBytes), second, ref w.RowStart,
                                ref Unsafe.Add(ref products, p * count * width), count);
                        }

                        Finish<TLanes, TVector>(w, in product, ref products, count, width, channel, rows);
                        channel += width;
                    }
                }
            }
        }
    }

    /// <summary>The words of a block's windows: of each window all positions, of each position all channels.</summary>
    private static void Transform<TLanes, TVector>(
        Workspace w, in Int8WinogradProduct product, int image, int start, int count, ref byte words)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            int row = product.Direct.InputRowStep;
            int pixel = product.Direct.InputPixelStep;
            int across = product.Across;
            int input = product.Direct.Input + (image * product.Direct.InputImageStride);
            for (int done = 0; done < count;)
            {
                int y = (start + done) / across;
                int x = start + done - (y * across);
                int run = across - x < count - done ? across - x : count - done;

                // A last window that is one output high or wide has no fourth row or column: its third takes that place, as what comes of
                // it belongs to no output.
                int fourth = (2 * y) + 1 < product.Direct.Height ? 3 * row : 2 * row;
                int last = (2 * (x + run)) - 1 < product.Direct.Width ? pixel : 0;
                ref byte source = ref w.Arena(input + (2 * y * row) + (2 * x * pixel));
                for (int channel = 0; channel < product.Inputs; channel += 2 * TLanes.Lanes)
                {
                    WinogradInputs.Run<TLanes, TVector>(
                        ref Unsafe.Add(ref source, channel), row, 2 * row, fourth, pixel, last, run,
                        ref Unsafe.Add(ref words, (done * product.WindowBytes) + (channel * sizeof(short))), product.WindowBytes,
                        product.Pitch);
                }

                done += run;
            }
        }
    }

    /// <summary>The outputs of a block, of one or two vectors of channels.</summary>
    private static void Finish<TLanes, TVector>(
        Workspace w, in Int8WinogradProduct product, ref int products, int count, int width, int channel, int rows)
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            ref int bias = ref Unsafe.As<byte, int>(ref w.Weight(product.Direct.Bias + (channel * sizeof(int))));
            for (int lane = 0; lane < width; lane += TLanes.Lanes)
            {
                WinogradOutputs.Run<TLanes, TVector>(
                    ref Unsafe.Add(ref products, lane), count * width, width, count, ref Unsafe.Add(ref bias, lane),
                    ref Unsafe.Add(ref w.RowSums, lane), ref w.RowOffsets);
            }

            RequantizedBlock.Run(
                ref w.RowSums, width, rows, width, ref w.Weight(product.Direct.Multipliers + (channel * sizeof(int))),
                in product.Direct.Requantization, ref w.Arena(channel), ref w.RowOutputs);
        }
    }

    /// <summary>Numbers the outputs of a block, which are the rows to be requantised, and writes down where they are.</summary>
    /// <param name="product">The layer.</param>
    /// <param name="image">The image.</param>
    /// <param name="start">The block's first window.</param>
    /// <param name="count">Its windows.</param>
    /// <param name="places">Receives the rows of each window's four outputs.</param>
    /// <param name="outputs">Receives the arena offset of each row.</param>
    /// <returns>The number of rows.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Places(in Int8WinogradProduct product, int image, int start, int count, ref int places, ref int outputs)
    {
        unchecked
        {
            int across = product.Across;
            int row = product.Direct.OutputRowStride;
            int pixel = product.Direct.OutputPixelStride;
            int y = start / across;
            int x = start - (y * across);
            int rows = 0;
            for (int i = 0; i < count; i++)
            {
                // Of a last window that is one output high or wide the others go to a row that no block has.
                int output = product.Direct.Output + (image * product.Direct.OutputImageStride) + (2 * y * row) + (2 * x * pixel);
                bool wide = (2 * x) + 1 < product.Direct.Width;
                bool high = (2 * y) + 1 < product.Direct.Height;
                places = rows;
                Unsafe.Add(ref outputs, rows++) = output;
                Unsafe.Add(ref places, 1) = wide ? rows : NoRow;
                Unsafe.Add(ref outputs, rows) = output + pixel;
                rows += wide ? 1 : 0;
                Unsafe.Add(ref places, 2) = high ? rows : NoRow;
                Unsafe.Add(ref outputs, rows) = output + row;
                rows += high ? 1 : 0;
                Unsafe.Add(ref places, 3) = wide && high ? rows : NoRow;
                Unsafe.Add(ref outputs, rows) = output + row + pixel;
                rows += wide && high ? 1 : 0;
                places = ref Unsafe.Add(ref places, 4);
                if (++x == across)
                {
                    x = 0;
                    y++;
                }
            }

            return rows;
        }
    }

    /// <summary>The product of a position: all windows of a block times one or two vectors of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<TDot, TVector>(
        in Int8Product shape, bool pair, ref byte words, ref int inputs, ref byte weights, nint second, ref int start, ref int products,
        int windows)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            // Tiles as equal as can be, as those of the direct form.
            int tiles = (windows + TDot.Rows - 1) / TDot.Rows;
            int height = windows / tiles;
            int taller = windows - (height * tiles);
            int columns = pair ? 2 * TDot.Lanes : TDot.Lanes;
            for (int part = 0; part < 2; part++)
            {
                int run = part == 0 ? taller : tiles - taller;
                int extent = part == 0 ? height + 1 : height;
                if (run == 0)
                    continue;
                if (pair)
                    Tile<TDot, TVector, Extent2>(
                        in shape, extent, ref words, ref inputs, ref weights, second, ref start, ref products, run);
                else
                    Tile<TDot, TVector, Extent1>(
                        in shape, extent, ref words, ref inputs, ref weights, second, ref start, ref products, run);
                inputs = ref Unsafe.Add(ref inputs, extent * run);
                products = ref Unsafe.Add(ref products, extent * run * columns);
            }
        }
    }

    /// <summary>Tiles of a height.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TDot, TVector, TColumns>(
        in Int8Product shape, int height, ref byte words, ref int inputs, ref byte weights, nint second, ref int start, ref int products,
        int tiles)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TColumns : struct, IExtent
    {
        switch (height)
        {
            case 6:
                Tile<TDot, TVector, Extent6, TColumns>(
                    in shape, ref words, ref inputs, ref weights, second, ref start, ref products, tiles);
                break;
            case 5:
                Tile<TDot, TVector, Extent5, TColumns>(
                    in shape, ref words, ref inputs, ref weights, second, ref start, ref products, tiles);
                break;
            case 4:
                Tile<TDot, TVector, Extent4, TColumns>(
                    in shape, ref words, ref inputs, ref weights, second, ref start, ref products, tiles);
                break;
            case 3:
                Tile<TDot, TVector, Extent3, TColumns>(
                    in shape, ref words, ref inputs, ref weights, second, ref start, ref products, tiles);
                break;
            case 2:
                Tile<TDot, TVector, Extent2, TColumns>(
                    in shape, ref words, ref inputs, ref weights, second, ref start, ref products, tiles);
                break;
            default:
                Tile<TDot, TVector, Extent1, TColumns>(
                    in shape, ref words, ref inputs, ref weights, second, ref start, ref products, tiles);
                break;
        }
    }

    /// <summary>Tiles that leave their sums.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TDot, TVector, TRows, TColumns>(
        in Int8Product shape, ref byte words, ref int inputs, ref byte weights, nint second, ref int start, ref int products, int tiles)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TRows : struct, IExtent
        where TColumns : struct, IExtent =>
        Int8Tile.Run<TDot, TVector, TRows, TColumns, Extent0>(
            in shape, ref words, ref inputs, ref weights, second, PanelWidth * 2 * sizeof(short), ref start, ref weights, ref inputs, 0,
            tiles, ref products);
}
