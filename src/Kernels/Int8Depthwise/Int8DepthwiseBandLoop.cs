namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out depthwise convolutions whose window is too large for <see cref="Int8DepthwiseLoop"/>, whatever its size: band by band, a
/// band being one quad of rows of as many columns as the scratch memory holds. Sums wait in memory from one band to the next.
/// </summary>
/// <remarks>
/// A band's input columns are interleaved once and serve every output of a stretch of a row. Instruction sets that multiply 16-bit
/// numbers find activations split already, which would otherwise be done again for every kernel column.
/// </remarks>
internal static class Int8DepthwiseBandLoop
{
    /// <summary>Bytes for interleaved columns: with the sums of a stretch about half of a first-level cache.</summary>
    private const int ScratchBytes = 12 * 1024;

    /// <summary>The most output pixels of a stretch.</summary>
    private const int MostPixels = 32;

    /// <summary>Output pixels of the largest tile.</summary>
    private const int TilePixels = 8;

    /// <summary>Computes a range of the channels with one instruction set.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="product">The convolution.</param>
    /// <param name="from">The first channel, a multiple of 32.</param>
    /// <param name="to">The end of the channels, a multiple of the form's bytes.</param>
    /// <typeparam name="TDot">The instruction set.</typeparam>
    /// <typeparam name="TVector">Its vector.</typeparam>
    /// <typeparam name="TForm">How channels are interleaved and stored.</typeparam>
    public static void Run<TDot, TVector, TForm>(Workspace w, in Int8DepthwiseProduct product, int from, int to)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        unchecked
        {
            // Places and sums of a stretch, and what is interleaved of a place before it is split.
            ref byte scratch = ref w.Scratch(ScratchBytes + (MostPixels * 4 * TForm.Bytes) + (4 * TForm.Bytes));
            for (int image = 0; image < product.Images; image++)
            {
                for (int y = 0; y < product.Height; y++)
                {
                    int input = product.Input + (image * product.InputImageStride) + (y * product.StrideHeight * product.InputRowStride);
                    int output = product.Output + (image * product.OutputImageStride) + (y * product.OutputRowStride);
                    for (int channel = from; channel < to && channel < product.Channels; channel += TForm.Bytes)
                    {
                        Row<TDot, TVector, TForm>(
                            w, in product, channel, ref w.Arena(input + channel), ref w.Arena(output + channel), ref scratch);
                    }
                }
            }
        }
    }

    /// <summary>One output row of one block of channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TDot, TVector, TForm>(
        Workspace w, in Int8DepthwiseProduct product, int channel, ref byte input, ref byte output, ref byte scratch)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        unchecked
        {
            int columns = product.IsRow ? 1 : product.KernelWidth;
            int columnQuads = product.ColumnQuads;
            int block = channel & ~(Int8DepthwiseLayout.Block - 1);
            int half = channel - block;
            int pixelBytes = 4 * TForm.Bytes;
            int placeBytes = Splits<TDot>() ? 2 * pixelBytes : pixelBytes;
            var row = new Int8DepthwiseRow
            {
                Requantization = product.Requantization,
                VectorStride = product.PaddedChannels - block < Int8DepthwiseLayout.Block ? 16 : 32,
                StartStride = TForm.Bytes,
                PixelStep = product.Advance * placeBytes,
                OutputPixelStride = product.OutputPixelStride,
                Count = product.Channels - channel,
            };
            ref byte weights = ref w.Weight(product.Weights + (block * columns * columnQuads * 4) + half);
            ref byte multipliers = ref w.Weight(product.Multipliers + (block * 4) + half);
            ref byte start = ref w.Weight(product.Bias + (block * 4) + half);
            nint startStride = row.VectorStride;
            if (TDot.IsOffset)
            {
                Int8DepthwiseLoop.OffsetStart<TDot, TVector>(
                    columns * columnQuads, row.VectorStride, ref weights, ref start, ref w.RowStart);
                startStride = TForm.Bytes;
                start = ref Unsafe.As<int, byte>(ref w.RowStart);
            }

            // Vectors without channels are left out.
            int vectors = row.Count < 16 ? (row.Count + 3) >> 2 : 4;
            int most = ScratchBytes / placeBytes;
            int longest = ((most - 1) / product.Advance) + 1;
            longest = longest < MostPixels ? longest : MostPixels;
            ref byte sums = ref Unsafe.Add(ref scratch, ScratchBytes);
            nint placeStep = product.IsRow ? product.StrideWidth * product.InputPixelStride : product.InputPixelStride;
            for (int left = product.Width; left > 0;)
            {
                int pixels = left < longest ? left : longest;
                Fill<TDot, TVector, TForm>(pixels, startStride, ref start, ref sums);

                // Columns of which the first and the last pixel's places both fit.
                int fitting = ((most - 1 - ((pixels - 1) * product.Advance)) / product.DilationWidth) + 1;
                for (int column = 0; column < columns;)
                {
                    int count = columns - column < fitting ? columns - column : fitting;
                    int places = ((pixels - 1) * product.Advance) + ((count - 1) * product.DilationWidth) + 1;
                    ref byte first = ref Unsafe.Add(ref input, (nint)column * product.DilationWidth * product.InputPixelStride);
                    for (int quad = 0; quad < columnQuads; quad++)
                    {
                        Interleave<TDot, TVector, TForm>(in product, quad, ref first, placeStep, places, ref scratch);
                        Tiles<TDot, TVector, TForm>(
                            in row, pixels, vectors, count, product.DilationWidth * placeBytes, ref scratch,
                            ref Unsafe.Add(ref weights, ((column * columnQuads) + quad) * 4 * row.VectorStride),
                            columnQuads * 4 * row.VectorStride, ref sums);
                    }

                    column += count;
                }

                // Without columns the tile only requantises and stores what the sums start with.
                for (int pixel = 0; pixel < pixels; pixel++)
                {
                    Int8DepthwiseTile.Run<TDot, TVector, TForm, Extent1, Extent0, Extent0>(
                        in row, ref scratch, ref weights, ref Unsafe.Add(ref sums, pixel * pixelBytes), ref multipliers, ref output, 1,
                        ref w.RowSums);
                    output = ref Unsafe.Add(ref output, row.OutputPixelStride);
                }

                input = ref Unsafe.Add(ref input, pixels * product.Advance * placeStep);
                left -= pixels;
            }
        }
    }

    /// <summary>Whether activations of this instruction set are split into even and odd bytes; a constant to the JIT.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool Splits<TDot>() => typeof(TDot) == typeof(Avx2DotProduct) || typeof(TDot) == typeof(Vector128DotProduct);

    /// <summary>What the sums of every pixel start with.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Fill<TDot, TVector, TForm>(int pixels, nint stride, ref byte start, ref byte sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        unchecked
        {
            TVector start0 = TDot.Load(ref start);
            TVector start1 = TDot.Load(ref Unsafe.Add(ref start, stride));
            TVector start2 = TDot.Load(ref Unsafe.Add(ref start, 2 * stride));
            TVector start3 = TDot.Load(ref Unsafe.Add(ref start, 3 * stride));
            for (; pixels > 0; pixels--)
            {
                TDot.Store(start0, ref sums);
                TDot.Store(start1, ref Unsafe.Add(ref sums, TForm.Bytes));
                TDot.Store(start2, ref Unsafe.Add(ref sums, 2 * TForm.Bytes));
                TDot.Store(start3, ref Unsafe.Add(ref sums, 3 * TForm.Bytes));
                sums = ref Unsafe.Add(ref sums, 4 * TForm.Bytes);
            }
        }
    }

    /// <summary>Interleaves one quad of rows of consecutive places; rows beyond the kernel repeat its last one.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Interleave<TDot, TVector, TForm>(
        in Int8DepthwiseProduct product, int quad, ref byte input, nint placeStep, int places, ref byte scratch)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        unchecked
        {
            int taps = product.IsRow ? product.KernelWidth : product.KernelHeight;
            nint step = product.IsRow ? product.DilationWidth * product.InputPixelStride : product.DilationHeight * product.InputRowStride;
            int tap = 4 * quad;
            int last = taps - 1;
            nint row0 = tap * step;
            nint row1 = (tap + 1 < last ? tap + 1 : last) * step;
            nint row2 = (tap + 2 < last ? tap + 2 : last) * step;
            nint row3 = (tap + 3 < last ? tap + 3 : last) * step;
            ref byte whole = ref Unsafe.Add(ref scratch, ScratchBytes + (MostPixels * 4 * TForm.Bytes));
            for (; places > 0; places--)
            {
                TForm.Interleave(
                    ref Unsafe.Add(ref input, row0), ref Unsafe.Add(ref input, row1), ref Unsafe.Add(ref input, row2),
                    ref Unsafe.Add(ref input, row3), ref Splits<TDot>() ? ref whole : ref scratch);
                if (Splits<TDot>())
                {
                    Split<TDot, TVector>(ref whole, ref scratch, TForm.Bytes);
                    Split<TDot, TVector>(ref Unsafe.Add(ref whole, TForm.Bytes), ref Unsafe.Add(ref scratch, 2 * TForm.Bytes), TForm.Bytes);
                    Split<TDot, TVector>(
                        ref Unsafe.Add(ref whole, 2 * TForm.Bytes), ref Unsafe.Add(ref scratch, 4 * TForm.Bytes), TForm.Bytes);
                    Split<TDot, TVector>(
                        ref Unsafe.Add(ref whole, 3 * TForm.Bytes), ref Unsafe.Add(ref scratch, 6 * TForm.Bytes), TForm.Bytes);
                    scratch = ref Unsafe.Add(ref scratch, 4 * TForm.Bytes);
                }

                scratch = ref Unsafe.Add(ref scratch, 4 * TForm.Bytes);
                input = ref Unsafe.Add(ref input, placeStep);
            }
        }
    }

    /// <summary>The even and the odd activations of a vector, one beside the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Split<TDot, TVector>(ref byte whole, ref byte halves, int bytes)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        TVector vector = TDot.Load(ref whole);
        TDot.Store(TDot.EvenActivations(vector), ref halves);
        TDot.Store(TDot.OddActivations(vector), ref Unsafe.Add(ref halves, bytes));
    }

    /// <summary>Adds a band's products to the sums of a stretch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<TDot, TVector, TForm>(
        in Int8DepthwiseRow row, int pixels, int vectors, int columns, nint columnStep, ref byte places, ref byte weights,
        nint weightsStep, ref byte sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        unchecked
        {
            int vectorBytes = Splits<TDot>() ? 2 * TForm.Bytes : TForm.Bytes;
            for (int pixel = 0; pixel < pixels;)
            {
                int left = pixels - pixel;
                int tile = left >= TilePixels ? TilePixels : left >= 4 ? 4 : left >= 2 ? 2 : 1;
                for (int vector = 0; vector < vectors; vector++)
                {
                    ref byte place = ref Unsafe.Add(ref places, (pixel * row.PixelStep) + (vector * vectorBytes));
                    ref byte taps = ref Unsafe.Add(ref weights, vector * row.VectorStride);
                    ref byte at = ref Unsafe.Add(ref sums, ((4 * pixel) + vector) * TForm.Bytes);
                    if (tile == TilePixels)
                        Tile<TDot, TVector, TForm, Extent8>(row.PixelStep, columns, columnStep, ref place, ref taps, weightsStep, ref at);
                    else if (tile == 4)
                        Tile<TDot, TVector, TForm, Extent4>(row.PixelStep, columns, columnStep, ref place, ref taps, weightsStep, ref at);
                    else if (tile == 2)
                        Tile<TDot, TVector, TForm, Extent2>(row.PixelStep, columns, columnStep, ref place, ref taps, weightsStep, ref at);
                    else
                        Tile<TDot, TVector, TForm, Extent1>(row.PixelStep, columns, columnStep, ref place, ref taps, weightsStep, ref at);
                }

                pixel += tile;
            }
        }
    }

    /// <summary>One vector of channels of up to eight neighbouring pixels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile<TDot, TVector, TForm, TPixels>(
        nint step, int columns, nint columnStep, ref byte place, ref byte taps, nint weightsStep, ref byte sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
        where TPixels : struct, IExtent
    {
        unchecked
        {
            int pixelBytes = 4 * TForm.Bytes;
            TVector sum0 = TDot.Load(ref sums);
            TVector sum1 = TPixels.Value > 1 ? TDot.Load(ref Unsafe.Add(ref sums, pixelBytes)) : default;
            TVector sum2 = TPixels.Value > 2 ? TDot.Load(ref Unsafe.Add(ref sums, 2 * pixelBytes)) : default;
            TVector sum3 = TPixels.Value > 2 ? TDot.Load(ref Unsafe.Add(ref sums, 3 * pixelBytes)) : default;
            TVector sum4 = TPixels.Value > 4 ? TDot.Load(ref Unsafe.Add(ref sums, 4 * pixelBytes)) : default;
            TVector sum5 = TPixels.Value > 4 ? TDot.Load(ref Unsafe.Add(ref sums, 5 * pixelBytes)) : default;
            TVector sum6 = TPixels.Value > 4 ? TDot.Load(ref Unsafe.Add(ref sums, 6 * pixelBytes)) : default;
            TVector sum7 = TPixels.Value > 4 ? TDot.Load(ref Unsafe.Add(ref sums, 7 * pixelBytes)) : default;
            for (; columns > 0; columns--)
            {
                TVector weights = TDot.Load(ref taps);
                TVector even = TDot.EvenWeights(weights);
                TVector odd = TDot.OddWeights(weights);
                sum0 = Add<TDot, TVector, TForm>(sum0, ref place, even, odd);
                if (TPixels.Value > 1)
                    sum1 = Add<TDot, TVector, TForm>(sum1, ref Unsafe.Add(ref place, step), even, odd);
                if (TPixels.Value > 2)
                {
                    ref byte third = ref Unsafe.Add(ref place, 2 * step);
                    sum2 = Add<TDot, TVector, TForm>(sum2, ref third, even, odd);
                    sum3 = Add<TDot, TVector, TForm>(sum3, ref Unsafe.Add(ref third, step), even, odd);
                }

                if (TPixels.Value > 4)
                {
                    ref byte fifth = ref Unsafe.Add(ref place, 4 * step);
                    sum4 = Add<TDot, TVector, TForm>(sum4, ref fifth, even, odd);
                    sum5 = Add<TDot, TVector, TForm>(sum5, ref Unsafe.Add(ref fifth, step), even, odd);
                    sum6 = Add<TDot, TVector, TForm>(sum6, ref Unsafe.Add(ref fifth, 2 * step), even, odd);
                    sum7 = Add<TDot, TVector, TForm>(sum7, ref Unsafe.Add(ref fifth, 3 * step), even, odd);
                }

                place = ref Unsafe.Add(ref place, columnStep);
                taps = ref Unsafe.Add(ref taps, weightsStep);
            }

            TDot.Store(sum0, ref sums);
            if (TPixels.Value > 1)
                TDot.Store(sum1, ref Unsafe.Add(ref sums, pixelBytes));
            if (TPixels.Value > 2)
            {
                TDot.Store(sum2, ref Unsafe.Add(ref sums, 2 * pixelBytes));
                TDot.Store(sum3, ref Unsafe.Add(ref sums, 3 * pixelBytes));
            }

            if (TPixels.Value > 4)
            {
                TDot.Store(sum4, ref Unsafe.Add(ref sums, 4 * pixelBytes));
                TDot.Store(sum5, ref Unsafe.Add(ref sums, 5 * pixelBytes));
                TDot.Store(sum6, ref Unsafe.Add(ref sums, 6 * pixelBytes));
                TDot.Store(sum7, ref Unsafe.Add(ref sums, 7 * pixelBytes));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Add<TDot, TVector, TForm>(TVector sums, ref byte place, TVector even, TVector odd)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        TVector quads = TDot.Load(ref place);
        if (Splits<TDot>())
            return TDot.MultiplyAdd(sums, quads, TDot.Load(ref Unsafe.Add(ref place, TForm.Bytes)), even, odd);
        return TDot.MultiplyAdd(sums, TDot.EvenActivations(quads), TDot.OddActivations(quads), even, odd);
    }
}
