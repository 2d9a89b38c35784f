namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Carries out an <see cref="Int8WinogradProduct"/>: blocks of windows, whose inputs are transformed into scratch memory; then, for each
/// one or two vectors of output channels, a product of words for each position, the output transform and requantisation.
/// </summary>
/// <remarks>
/// All of it is exact: the weights are transformed by multiples of G, which have no fractions, and what is known of the transformed sums,
/// multiples of the direct form's modulo 2^32, determines those.
/// </remarks>
internal static class Int8WinogradLoop
{
    /// <summary>The most windows of a block, whose words and products stay in a second-level cache.</summary>
    private const int MaximumWindows = 24;

    /// <summary>A row of sums that no block has, for what belongs to no output.</summary>
    private const int NoRow = Workspace.MaximumRows + 7;

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
        if (product.Tile == Winograd4x4.Tile)
            Run<Winograd4x4>(w, in product, ref weights, first, end, from, to);
        else
            Run<Winograd2x2>(w, in product, ref weights, first, end, from, to);
    }

    /// <summary>The same with one kind of transforms.</summary>
    private static void Run<TTransform>(
        Workspace w, in Int8WinogradProduct product, ref byte weights, int first, int end, int from, int to)
        where TTransform : struct, IWinogradTransform
    {
#if NET11_0_OR_GREATER
        if (KernelPath.UsesAvx512Vnni)
        {
            Run<TTransform, Avx512VnniWordDotProduct, WinogradLanes512, Vector512<int>>(
                w, in product, ref weights, first, end, from, to);
            return;
        }
#endif
        if (KernelPath.UsesAvx512)
            Run<TTransform, Avx512WordDotProduct, WinogradLanes512, Vector512<int>>(w, in product, ref weights, first, end, from, to);
        else
            Run<TTransform, Avx2WordDotProduct, WinogradLanes256, Vector256<int>>(w, in product, ref weights, first, end, from, to);
    }

    /// <summary>Computes a range of the windows and output channels with one instruction set; parameters as in <c>Run</c>.</summary>
    /// <typeparam name="TTransform">The transforms.</typeparam>
    /// <typeparam name="TDot">Its products.</typeparam>
    /// <typeparam name="TLanes">Its transforms.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    public static void Run<TTransform, TDot, TLanes, TVector>(
        Workspace w, in Int8WinogradProduct product, ref byte weights, int first, int end, int from, int to)
        where TTransform : struct, IWinogradTransform
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
            int positions = product.Positions;
            int sums = positions * block * columns;
            int outputs = block * TTransform.Tile * TTransform.Tile;
            ref byte words = ref w.Scratch(wordBytes + ((sums + (2 * outputs)) * sizeof(int)));
            ref int products = ref Unsafe.As<byte, int>(ref Unsafe.Add(ref words, wordBytes));
            ref int places = ref Unsafe.Add(ref products, sums);
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
            int panelBytes = positions * product.MatrixBytes;
            nint second = TDot.Lanes == PanelWidth ? panelBytes : TDot.Lanes * 4;
            for (int image = 0; image < product.Direct.Images; image++)
            {
                for (int start = first; start < end; start += block)
                {
                    int count = end - start < block ? end - start : block;
                    Places<TTransform>(
                        in product, image, start, count, ref w.RowOffsets, ref places, ref Unsafe.Add(ref places, outputs));
                    Transform<TTransform, TLanes, TVector>(w, in product, image, start, count, ref words);
                    for (int channel = from; channel < to;)
                    {
                        bool pair = to - channel >= columns;
                        int width = pair ? columns : TDot.Lanes;
                        ref byte panel = ref Unsafe.Add(ref weights, (nint)(channel / PanelWidth) * panelBytes);
                        for (int p = 0; p < positions; p++)
                        {
                            Tiles<TDot, TVector>(
                                in shape, pair, ref Unsafe.Add(ref words, p * product.Pitch), ref inputs,
                                ref Unsafe.Add(ref panel, p * product.MatrixBytes), second, ref w.RowStart,
                                ref Unsafe.Add(ref products, p * count * width), count);
                        }

                        Finish<TTransform, TLanes, TVector>(
                            w, in product, ref products, count, width, channel, ref places, ref Unsafe.Add(ref places, outputs));
                        channel += width;
                    }
                }
            }
        }
    }

    /// <summary>The words of a block's windows: of each window all positions, of each position all channels.</summary>
    private static void Transform<TTransform, TLanes, TVector>(
        Workspace w, in Int8WinogradProduct product, int image, int start, int count, ref byte words)
        where TTransform : struct, IWinogradTransform
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

                // A last window that has fewer outputs lacks rows or columns of inputs: the last one takes their places, as what comes of
                // it belongs to no output.
                int rows = Extent<TTransform>(product.Direct.Height, y) + 2;
                int columns = Extent<TTransform>(product.Direct.Width, x + run - 1) + 2;
                ref byte source = ref w.Arena(input + (TTransform.Tile * y * row) + (TTransform.Tile * x * pixel));
                for (int channel = 0; channel < product.Inputs; channel += 2 * TLanes.Lanes)
                {
                    TTransform.Inputs<TLanes, TVector>(
                        ref Unsafe.Add(ref source, channel), row, rows, pixel, columns, run,
                        ref Unsafe.Add(ref words, (done * product.WindowBytes) + (channel * sizeof(short))), product.WindowBytes,
                        product.Pitch);
                }

                done += run;
            }
        }
    }

    /// <summary>
    /// The outputs of a block, of one or two vectors of channels: as many windows at a time as there is room for their sums.
    /// </summary>
    private static void Finish<TTransform, TLanes, TVector>(
        Workspace w, in Int8WinogradProduct product, ref int products, int count, int width, int channel, ref int places, ref int outputs)
        where TTransform : struct, IWinogradTransform
        where TLanes : struct, IWinogradLanes<TVector>
        where TVector : struct
    {
        unchecked
        {
            ref int bias = ref Unsafe.As<byte, int>(ref w.Weight(product.Direct.Bias + (channel * sizeof(int))));
            ref byte multipliers = ref w.Weight(product.Direct.Multipliers + (channel * sizeof(int)));
            int part = 0;
            for (int done = 0; done < count; done += Part<TTransform>())
            {
                int windows = count - done < Part<TTransform>() ? count - done : Part<TTransform>();
                for (int lane = 0; lane < width; lane += TLanes.Lanes)
                {
                    TTransform.Outputs<TLanes, TVector>(
                        ref Unsafe.Add(ref products, (done * width) + lane), count * width, width, windows, ref Unsafe.Add(ref bias, lane),
                        ref Unsafe.Add(ref w.RowSums, lane), ref places);
                }

                RequantizedBlock.Run(
                    ref w.RowSums, width, Unsafe.Add(ref w.RowOffsets, part++), width, ref multipliers, in product.Direct.Requantization,
                    ref w.Arena(channel), ref outputs);
                places = ref Unsafe.Add(ref places, Workspace.MaximumRows);
                outputs = ref Unsafe.Add(ref outputs, Workspace.MaximumRows);
            }
        }
    }

    /// <summary>The windows whose outputs are as many rows of sums as a workspace has room for.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Part<TTransform>()
        where TTransform : struct, IWinogradTransform => Workspace.MaximumRows / (TTransform.Tile * TTransform.Tile);

    /// <summary>The outputs that a window has along an axis of so many.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Extent<TTransform>(int length, int window)
        where TTransform : struct, IWinogradTransform
    {
        unchecked
        {
            int left = length - (TTransform.Tile * window);
            return left < TTransform.Tile ? left : TTransform.Tile;
        }
    }

    /// <summary>
    /// Numbers the outputs of a block, which are the rows to be requantised, part by part, and writes down where they are.
    /// </summary>
    /// <param name="product">The layer.</param>
    /// <param name="image">The image.</param>
    /// <param name="start">The block's first window.</param>
    /// <param name="count">Its windows.</param>
    /// <param name="rows">Receives the number of rows of each part.</param>
    /// <param name="places">Receives the rows of each window's outputs.</param>
    /// <param name="outputs">Receives the arena offset of each row.</param>
    /// <typeparam name="TTransform">The transforms.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Places<TTransform>(
        in Int8WinogradProduct product, int image, int start, int count, ref int rows, ref int places, ref int outputs)
        where TTransform : struct, IWinogradTransform
    {
        unchecked
        {
            int y = start / product.Across;
            int x = start - (y * product.Across);
            rows = 0;
            for (int i = 0; i < count; i++)
            {
                if (i != 0 && i % Part<TTransform>() == 0)
                {
                    outputs = ref Unsafe.Add(ref outputs, Workspace.MaximumRows);
                    rows = ref Unsafe.Add(ref rows, 1);
                    rows = 0;
                }

                // Of a last window that is cut off, what is missing goes to a row that no block has.
                int high = Extent<TTransform>(product.Direct.Height, y);
                int wide = Extent<TTransform>(product.Direct.Width, x);
                int line = product.Direct.Output + (image * product.Direct.OutputImageStride)
                    + (TTransform.Tile * y * product.Direct.OutputRowStride) + (TTransform.Tile * x * product.Direct.OutputPixelStride);
                for (int row = 0; row < TTransform.Tile; row++)
                {
                    int output = line;
                    for (int column = 0; column < TTransform.Tile; column++)
                    {
                        bool exists = row < high && column < wide;
                        places = exists ? rows : NoRow;
                        if (exists)
                            Unsafe.Add(ref outputs, rows++) = output;
                        places = ref Unsafe.Add(ref places, 1);
                        output += product.Direct.OutputPixelStride;
                    }

                    line += product.Direct.OutputRowStride;
                }

                if (++x == product.Across)
                {
                    x = 0;
                    y++;
                }
            }
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
