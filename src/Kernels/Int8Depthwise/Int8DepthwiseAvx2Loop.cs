namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out depthwise convolutions with AVX2, and with AVX-VNNI those that <c>Int8DepthwisePlaneLoop</c> leaves: strips of output rows,
/// in them blocks of 32 or 16 channels, in them single output rows, or two that share the input rows which are interleaved for them.
/// </summary>
/// <remarks>
/// With VNNI lanes hold four taps. Without, where the build has proved the sums of sets, kernels of three or four rows multiply bytes: six
/// instructions for nine products and their widening. Others multiply words,
/// two rows at a time, which takes as many for 3×3 and fewer for 5×5; two output rows of a kernel of
/// an odd number of rows then share their words, the lower one's sets being those from one row further up. A kernel of one row has its
/// taps in the place of rows. Blocks of 16 channels need the places of neighbouring outputs side by side: with a stride of two, even and
/// odd places lie in parts of their own.
/// </remarks>
internal static class Int8DepthwiseAvx2Loop
{
    /// <summary>Bytes of input rows that a strip of output rows may read: all blocks of channels find them in a near cache.</summary>
    private const int StripBytes = 96 * 1024;

    /// <summary>Bytes of a cache line.</summary>
    private const int Alignment = 64;

    /// <summary>Bytes behind a plane's last place that are written with it.</summary>
    private const int LastPlace = 16;

    /// <summary>The least vectors of outputs of a side of a tile.</summary>
    private const int LeastVectors = 3;

    /// <summary>Bytes for planes: half a first-level cache.</summary>
    private const int PlaneBytes = 16 * 1024;

    /// <summary>The most sets of rows and columns: the parameters of a block take less than 20 KB.</summary>
    private const int MostTaps = 72;

    /// <summary>Places of a plane that its two parts may fill up at most, where even and odd ones lie apart.</summary>
    private const int SparePlaces = 6;

    /// <summary>Computes the channels that this form takes.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="product">The convolution.</param>
    /// <param name="from">The first channel, a multiple of 32, or the end of all.</param>
    /// <returns>
    /// Where the channels that are done end: at <paramref name="from"/>, or at a multiple of 16 that leaves less than 32.
    /// </returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Run(Workspace w, in Int8DepthwiseProduct product, int from)
    {
        unchecked
        {
            if (!product.Requantization.FitsUpperHalves)
                return from;
            int taps = product.IsRow ? product.KernelWidth : product.KernelHeight;
#if NET9_0_OR_GREATER
            if (KernelPath.UsesAvxVnni)
                return Run<DepthwiseVnni>(w, in product, taps, from);
#endif
            return product.PairSumsFit && taps is 3 or 4
                ? Run<DepthwiseBytes>(w, in product, taps, from)
                : Run<DepthwiseWords>(w, in product, taps, from);
        }
    }

    /// <summary>Computes the channels with taps of one size.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Run<TTaps>(Workspace w, in Int8DepthwiseProduct product, int taps, int from)
        where TTaps : struct, IDepthwiseTaps
    {
        unchecked
        {
            int columns = product.IsRow ? 1 : product.KernelWidth;
            bool shares = TTaps.Rows == 2 && !product.IsRow && (taps & 1) == 1 && product.StrideHeight == 1 && product.DilationHeight == 1;
            int sets = (taps + TTaps.Rows - 1) / TTaps.Rows;
            int done = product.PaddedChannels;

            // Sixteen channels make vectors with those of the neighbouring output pixel, whose places have to be neighbours, too.
            if (product.Advance > 2 || Chunk(in product, sets, 16) < 2 * LeastVectors)
                done &= ~(Int8DepthwiseLayout.Block - 1);
            if (done <= from || columns * sets > MostTaps || (done - from >= 32 && Chunk(in product, sets, 32) < LeastVectors))
                return from;
            Strips<TTaps>(w, in product, columns, sets, shares, from, done);
            return done;
        }
    }

    /// <summary>All images, strip by strip.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Strips<TTaps>(
        Workspace w, in Int8DepthwiseProduct product, int columns, int sets, bool shares, int from, int channels)
        where TTaps : struct, IDepthwiseTaps
    {
        unchecked
        {
            int tableBytes = 4 * Int8DepthwiseAvx2Table.RecordBytes(columns, sets);
            ref byte scratch = ref w.Scratch(PlaneBytes + tableBytes + Int8DepthwiseAvx2Tile.SpareBytes);
            int rows = Math.Max(StripBytes / (2 * product.InputRowStride * product.StrideHeight), 1) * 2;
            for (int image = 0; image < product.Images; image++)
            {
                for (int y = 0; y < product.Height; y += rows)
                {
                    int input = product.Input + (image * product.InputImageStride) + (y * product.StrideHeight * product.InputRowStride);
                    int output = product.Output + (image * product.OutputImageStride) + (y * product.OutputRowStride);
                    int count = Math.Min(rows, product.Height - y);
                    int size;
                    for (int channel = from; channel < channels; channel += size)
                    {
                        size = channels - channel >= 32 ? 32 : 16;
                        Block<TTaps>(
                            w, in product, columns, sets, shares, channel, size, ref w.Arena(input + channel),
                            ref w.Arena(output + channel), count, ref scratch);
                    }
                }
            }
        }
    }

    /// <summary>Some output rows of 32 or 16 channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TTaps>(
        Workspace w, in Int8DepthwiseProduct product, int columns, int sets, bool shares, int channel, int size, ref byte input,
        ref byte output, int height, ref byte scratch)
        where TTaps : struct, IDepthwiseTaps
    {
        unchecked
        {
            int quads = columns * product.ColumnQuads;
            ref byte table = ref Unsafe.Add(ref scratch, PlaneBytes);
            ref byte spare = ref Unsafe.Add(ref table, 4 * Int8DepthwiseAvx2Table.RecordBytes(columns, sets));
            Int8DepthwiseAvx2Table.Write<TTaps>(
                columns, product.ColumnQuads, sets, size, ref w.Weight(product.Weights + (channel * quads * 4)),
                ref w.Weight(product.Bias + (channel * 4)), ref w.Weight(product.Multipliers + (channel * 4)), ref table);
            int pixels = Chunk(in product, sets, size);
            int places = ((pixels - 1) * product.Advance) + product.Span;

            // Bytes of even places before those of odd ones; of all places where they are not apart.
            int apart = IsApart(in product, size) ? ((((places + 1) >> 1) * size) + LastPlace + 31) & -32 : 0;
            int partBytes = apart > 0 ? 2 * apart : (places * size) + LastPlace;
            int columnStep = size * product.DilationWidth;
            var stretch = new Int8DepthwiseAvx2Stretch
            {
                Requantization = product.Requantization,
                Pixels = pixels,
                VectorPixels = size == 16 ? 2 : 1,
                Count = product.Channels - channel,
                OutputPixelStride = product.OutputPixelStride,
                Pitch = (partBytes + Alignment - 1) & -Alignment,
                EvenColumnStep = apart > 0 ? Apart(product.DilationWidth, 0, size, apart) : columnStep,
                OddColumnStep = apart > 0 ? Apart(product.DilationWidth, 1, size, apart) : columnStep,
                PixelStep = apart > 0 ? size : size * product.Advance,
                Columns = columns,
                Sets = sets,
            };
            int taps = product.IsRow ? product.KernelWidth : product.KernelHeight;
            nint tapStep = product.IsRow ? product.DilationWidth * product.InputPixelStride
                : product.DilationHeight * product.InputRowStride;
            nint placeStep = product.IsRow ? product.StrideWidth * product.InputPixelStride : product.InputPixelStride;
            for (int y = 0; y < height;)
            {
                int rows = shares && y + 1 < height ? 2 : 1;
                ref byte from = ref Unsafe.Add(ref input, y * product.StrideHeight * product.InputRowStride);
                ref byte to = ref Unsafe.Add(ref output, y * product.OutputRowStride);
                for (int x = 0; x < product.Width; x += pixels)
                {
                    // The last stretch overlaps the one before it.
                    int start = Math.Min(x, product.Width - pixels);
                    ref byte first = ref Unsafe.Add(ref from, start * product.Advance * placeStep);
                    for (int set = 0; set < sets; set++)
                    {
                        // A row that is not there has zero weights: the set's first one serves.
                        int tap = set * TTaps.Rows;
                        int there = taps + rows - 1 - tap;
                        nint row1 = there > 1 ? tapStep : 0;
                        nint row2 = there > 2 ? 2 * tapStep : 0;
                        nint row3 = there > 3 ? 3 * tapStep : 0;
                        ref byte row0 = ref Unsafe.Add(ref first, tap * tapStep);
                        ref byte planes = ref Unsafe.Add(ref scratch, set * 4 * stretch.Pitch);
                        if (apart == 0)
                        {
                            Int8DepthwiseAvx2Planes.Interleave<TTaps>(
                                ref row0, placeStep, places, size, row1, row2, row3, ref planes, stretch.Pitch);
                            continue;
                        }

                        Int8DepthwiseAvx2Planes.Interleave<TTaps>(
                            ref row0, 2 * placeStep, (places + 1) >> 1, size, row1, row2, row3, ref planes, stretch.Pitch);
                        Int8DepthwiseAvx2Planes.Interleave<TTaps>(
                            ref Unsafe.Add(ref row0, placeStep), 2 * placeStep, places >> 1, size, row1, row2, row3,
                            ref Unsafe.Add(ref planes, apart), stretch.Pitch);
                    }

                    ref byte upper = ref Unsafe.Add(ref to, start * product.OutputPixelStride);
                    ref byte lower = ref Unsafe.Add(ref upper, rows > 1 ? product.OutputRowStride : 0);
                    Tiles<TTaps>(in stretch, rows, ref scratch, ref table, ref upper, ref lower, ref spare);
                }

                y += rows;
            }
        }
    }

    /// <summary>Whether even and odd places of a block's planes lie apart.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsApart(in Int8DepthwiseProduct product, int size) => size == 16 && product.Advance == 2;

    /// <summary>Bytes from a place to the one of the next column, where even and odd places lie apart.</summary>
    /// <param name="dilation">Places between them.</param>
    /// <param name="column">The column: 0 or 1.</param>
    /// <param name="size">Bytes of a place.</param>
    /// <param name="apart">Bytes from even places to odd ones.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Apart(int dilation, int column, int size, int apart)
    {
        unchecked
        {
            int place = column * dilation;
            int next = place + dilation;
            return (((next & 1) - (place & 1)) * apart) + (((next >> 1) - (place >> 1)) * size);
        }
    }

    /// <summary>Output pixels of a stretch: the row in equal parts whose planes fit the scratch memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Chunk(in Int8DepthwiseProduct product, int sets, int size)
    {
        unchecked
        {
            int plane = ((PlaneBytes / (4 * sets)) & -Alignment) - LastPlace;
            int room = (plane / size) - (IsApart(in product, size) ? SparePlaces : 0) - product.Span;
            if (room < 0)
                return 0;
            int most = (room / product.Advance) + 1;
            int chunks = (product.Width + most - 1) / most;
            return (product.Width + chunks - 1) / chunks;
        }
    }

    /// <summary>All tiles of a stretch, of a kernel's number of columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<TTaps>(
        in Int8DepthwiseAvx2Stretch stretch, int rows, ref byte planes, ref byte table, ref byte upper, ref byte lower, ref byte spare)
        where TTaps : struct, IDepthwiseTaps
    {
        if (stretch.Columns == 3)
            Tiles<TTaps, Extent3>(in stretch, rows, ref planes, ref table, ref upper, ref lower, ref spare);
        else if (stretch.Columns == 5)
            Tiles<TTaps, Extent5>(in stretch, rows, ref planes, ref table, ref upper, ref lower, ref spare);
        else
            Tiles<TTaps, Extent0>(in stretch, rows, ref planes, ref table, ref upper, ref lower, ref spare);
    }

    /// <summary>All tiles of a stretch: smaller ones where eight vectors would not fit or compute more twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tiles<TTaps, TColumns>(
        in Int8DepthwiseAvx2Stretch stretch, int rows, ref byte planes, ref byte table, ref byte upper, ref byte lower, ref byte spare)
        where TTaps : struct, IDepthwiseTaps
        where TColumns : struct, IExtent
    {
        unchecked
        {
            int vectors = stretch.Pixels * rows;
            int six = Computed(vectors, 6 * stretch.VectorPixels);
            int eight = Computed(vectors, 8 * stretch.VectorPixels);
            if (stretch.Pixels < 4 * stretch.VectorPixels || six * 8 < eight * 7)
            {
                if (rows == 2)
                {
                    Int8DepthwiseAvx2Tile.Run<TTaps, Extent6, Extent2, TColumns>(
                        in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
                }
                else
                {
                    Int8DepthwiseAvx2Tile.Run<TTaps, Extent6, Extent1, TColumns>(
                        in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
                }
            }
            else if (rows == 2)
            {
                Int8DepthwiseAvx2Tile.Run<TTaps, Extent8, Extent2, TColumns>(
                    in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
            }
            else if (Computed(vectors, 7 * stretch.VectorPixels) < eight)
            {
                Int8DepthwiseAvx2Tile.Run<TTaps, Extent7, Extent1, TColumns>(
                    in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
            }
            else
            {
                Int8DepthwiseAvx2Tile.Run<TTaps, Extent8, Extent1, TColumns>(
                    in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
            }
        }
    }

    /// <summary>Pixels that tiles compute for so many, some of them twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Computed(int pixels, int tile) => unchecked((pixels + tile - 1) / tile * tile);
}
