namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out an <see cref="Int8DepthwiseProduct"/> with vectors: output rows, in them blocks of channels, in them tiles.
/// </summary>
internal static class Int8DepthwiseLoop
{
    /// <summary>Bytes of the scratch memory for interleaved columns: part of a first-level cache.</summary>
    private const int ScratchBytes = 12 * 1024;

    /// <summary>Bytes of a cache line.</summary>
    private const int Alignment = 64;

    /// <summary>The most quads of a kernel column.</summary>
    private const int MaximumColumnQuads = 8;

    /// <summary>Whether the loop can take a kernel of this size itself: one output's columns have to fit the scratch memory.</summary>
    private static bool Fits(in Int8DepthwiseProduct product) =>
        product.ColumnQuads <= MaximumColumnQuads && product.Span <= ScratchBytes / (product.ColumnQuads * 128);

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
            if (from >= to)
                return;
            if (!Fits(in product))
            {
                Int8DepthwiseBandLoop.Run<TDot, TVector, TForm>(w, in product, from, to);
                return;
            }

            int placeBytes = product.ColumnQuads * 4 * TForm.Bytes;
            int places = ((product.Width - 1) * product.Advance) + product.Span;
            int most = ScratchBytes / placeBytes;
            int held = places < most ? places : most;
            Span<byte> memory = stackalloc byte[(held * placeBytes) + Alignment];

            // Vectors that cross cache lines would cost twice; the stack itself does not move.
            int start = (int)(-Unsafe.ByteOffset(ref Unsafe.NullRef<byte>(), ref memory[0]) & (Alignment - 1));
            ref byte scratch = ref memory[start];
            Span<int> offsets = stackalloc int[4 * MaximumColumnQuads];
            Offsets(in product, offsets);

            // Two output rows of a kernel of three rows read four input rows: one quad, interleaved once for both.
            Span<int> fourRows = [0, product.InputRowStride, 2 * product.InputRowStride, 3 * product.InputRowStride];
            bool shares = product is { KernelHeight: 3, StrideHeight: 1, DilationHeight: 1 } && SharesRows<TDot>(in product);
            var row = new Int8DepthwiseRow
            {
                Requantization = product.Requantization,
                PixelStep = product.Advance * placeBytes,
                Columns = product.IsRow ? 1 : product.KernelWidth,
                ColumnQuads = product.ColumnQuads,
                ColumnGap = product.IsRow ? 0 : (product.DilationWidth - 1) * placeBytes,
                OutputPixelStride = product.OutputPixelStride,
            };
            for (int image = 0; image < product.Images; image++)
            {
                for (int y = 0; y < product.Height;)
                {
                    int rows = shares && y + 1 < product.Height ? 2 : 1;
                    int input = product.Input + (image * product.InputImageStride)
                        + (y * product.StrideHeight * product.InputRowStride);
                    int output = product.Output + (image * product.OutputImageStride) + (y * product.OutputRowStride);
                    for (int channel = from; channel < to; channel += TForm.Bytes)
                    {
                        Block<TDot, TVector, TForm>(
                            w, in product, ref row, channel, ref w.Arena(input + channel), ref w.Arena(output + channel), rows, ref scratch,
                            held, ref (rows == 2 ? ref fourRows[0] : ref offsets[0]));
                    }

                    y += rows;
                }
            }
        }
    }

    /// <summary>
    /// Whether two output rows may share their quads: three columns that slide, and no reliance on sums of pairs, which the row below
    /// pairs otherwise than the build has proved.
    /// </summary>
    private static bool SharesRows<TDot>(in Int8DepthwiseProduct product) =>
        RequantizedRow.IsSupported && typeof(TDot) != typeof(Avx2PairDotProduct)
        && product is { KernelWidth: 3, StrideWidth: 1, DilationWidth: 1, Requantization: { FitsUpperHalves: true, LeftShift: 0 } };

    /// <summary>The bytes from a place to the four rows of each of its quads; rows beyond the kernel repeat its last one.</summary>
    private static void Offsets(in Int8DepthwiseProduct product, Span<int> offsets)
    {
        unchecked
        {
            int taps = product.IsRow ? product.KernelWidth : product.KernelHeight;
            int step = product.IsRow ? product.DilationWidth * product.InputPixelStride : product.DilationHeight * product.InputRowStride;
            for (int i = 0; i < 4 * product.ColumnQuads; i++)
                offsets[i] = (i < taps ? i : taps - 1) * step;
        }
    }

    /// <summary>One output row of one block of channels, or two that share their quads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TDot, TVector, TForm>(
        Workspace w, in Int8DepthwiseProduct product, ref Int8DepthwiseRow row, int channel, ref byte input, ref byte output,
        int rows, ref byte scratch, int places, ref int offsets)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        unchecked
        {
            int block = channel & ~(Int8DepthwiseLayout.Block - 1);
            int half = channel - block;
            int quads = row.Columns * row.ColumnQuads;
            row.VectorStride = product.PaddedChannels - block < Int8DepthwiseLayout.Block ? 16 : 32;
            row.StartStride = row.VectorStride;
            row.Count = product.Channels - channel;
            ref byte weights = ref w.Weight(product.Weights + (block * quads * 4) + half);
            ref byte multipliers = ref w.Weight(product.Multipliers + (block * 4) + half);
            ref byte start = ref w.Weight(product.Bias + (block * 4) + half);
            if (TDot.IsOffset)
            {
                OffsetStart<TDot, TVector>(quads, row.VectorStride, ref weights, ref start, ref w.RowStart);
                row.StartStride = TDot.Lanes * 4;
                start = ref Unsafe.As<int, byte>(ref w.RowStart);
            }

            int perChunk = ((places - product.Span) / product.Advance) + 1;
            nint placeStep = product.IsRow ? product.StrideWidth * product.InputPixelStride : product.InputPixelStride;
            for (int left = product.Width; left > 0;)
            {
                int pixels = left < perChunk ? left : perChunk;
                Interleave<TDot, TVector, TForm>(
                    ref input, placeStep, ((pixels - 1) * product.Advance) + product.Span, ref offsets, row.ColumnQuads, ref scratch);
                Tiles<TDot, TVector, TForm>(
                    w, in row, pixels, below: false, ref scratch, ref weights, ref start, ref multipliers, ref output);
                if (rows == 2)
                {
                    Tiles<TDot, TVector, TForm>(
                        w, in row, pixels, below: true, ref scratch, ref weights, ref start, ref multipliers,
                        ref Unsafe.Add(ref output, product.OutputRowStride));
                }

                input = ref Unsafe.Add(ref input, pixels * product.Advance * placeStep);
                output = ref Unsafe.Add(ref output, pixels * row.OutputPixelStride);
                left -= pixels;
            }
        }
    }

    /// <summary>Interleaves the rows of every place.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Interleave<TDot, TVector, TForm>(
        ref byte input, nint placeStep, int places, ref int offsets, int columnQuads, ref byte scratch)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        unchecked
        {
            nint pitch = columnQuads * 4 * TForm.Bytes;
            for (int quad = 0; quad < columnQuads; quad++)
            {
                nint row0 = Unsafe.Add(ref offsets, 4 * quad);
                nint row1 = Unsafe.Add(ref offsets, (4 * quad) + 1);
                nint row2 = Unsafe.Add(ref offsets, (4 * quad) + 2);
                nint row3 = Unsafe.Add(ref offsets, (4 * quad) + 3);
                ref byte from = ref input;
                ref byte to = ref Unsafe.Add(ref scratch, quad * 4 * TForm.Bytes);
                for (int place = places; place > 0; place--)
                {
                    TForm.Interleave(
                        ref Unsafe.Add(ref from, row0), ref Unsafe.Add(ref from, row1), ref Unsafe.Add(ref from, row2),
                        ref Unsafe.Add(ref from, row3), ref to);
                    from = ref Unsafe.Add(ref from, placeStep);
                    to = ref Unsafe.Add(ref to, pitch);
                }
            }
        }
    }

    /// <summary>The tiles of a stretch of an output row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles<TDot, TVector, TForm>(
        Workspace w, in Int8DepthwiseRow row, int pixels, bool below, ref byte scratch, ref byte weights, ref byte start,
        ref byte multipliers, ref byte output)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
    {
        unchecked
        {
            bool plain = RequantizedRow.IsSupported && row.Requantization.FitsUpperHalves && row.Requantization.LeftShift == 0
                && row.Count >= TForm.Bytes;

            // Where a dot product takes several instructions, sums of three pixels would not stay in registers.
            int widest = TDot.Rows < 6 ? 2 : Int8DepthwiseTile.MaximumPixels;
            int tiles = (pixels + widest - 1) / widest;
            int width = pixels / tiles;
            int wider = pixels - (width * tiles);
            bool slides = row.Columns == 3 && row.ColumnQuads == 1 && row.ColumnGap == 0 && row.PixelStep == 4 * TForm.Bytes;
            for (int part = 0; part < 2; part++)
            {
                int run = part == 0 ? wider : tiles - wider;
                int extent = part == 0 ? width + 1 : width;
                if (run == 0)
                    continue;
                if (below && plain)
                {
                    Tile<TDot, TVector, TForm, Extent1, Extent2>(
                        in row, extent, ref scratch, ref weights, ref start, ref multipliers, ref output, run, ref w.RowSums);
                }
                else if (below)
                {
                    Tile<TDot, TVector, TForm, Extent0, Extent2>(
                        in row, extent, ref scratch, ref weights, ref start, ref multipliers, ref output, run, ref w.RowSums);
                }
                else if (plain && slides)
                {
                    Tile<TDot, TVector, TForm, Extent1, Extent1>(
                        in row, extent, ref scratch, ref weights, ref start, ref multipliers, ref output, run, ref w.RowSums);
                }
                else if (plain)
                {
                    Tile<TDot, TVector, TForm, Extent1, Extent0>(
                        in row, extent, ref scratch, ref weights, ref start, ref multipliers, ref output, run, ref w.RowSums);
                }
                else
                {
                    Tile<TDot, TVector, TForm, Extent0, Extent0>(
                        in row, extent, ref scratch, ref weights, ref start, ref multipliers, ref output, run, ref w.RowSums);
                }

                scratch = ref Unsafe.Add(ref scratch, extent * run * row.PixelStep);
                output = ref Unsafe.Add(ref output, extent * run * row.OutputPixelStride);
            }
        }
    }

    /// <summary>Tiles of a width.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tile<TDot, TVector, TForm, TPlain, TSlides>(
        in Int8DepthwiseRow row, int pixels, ref byte quads, ref byte weights, ref byte start, ref byte multipliers, ref byte output,
        int tiles, ref int sums)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
        where TForm : struct, IDepthwiseVector<TVector>
        where TPlain : struct, IExtent
        where TSlides : struct, IExtent
    {
        switch (pixels)
        {
            case 3:
                Int8DepthwiseTile.Run<TDot, TVector, TForm, Extent3, TPlain, TSlides>(
                    in row, ref quads, ref weights, ref start, ref multipliers, ref output, tiles, ref sums);
                break;
            case 2:
                Int8DepthwiseTile.Run<TDot, TVector, TForm, Extent2, TPlain, TSlides>(
                    in row, ref quads, ref weights, ref start, ref multipliers, ref output, tiles, ref sums);
                break;
            default:
                Int8DepthwiseTile.Run<TDot, TVector, TForm, Extent1, TPlain, TSlides>(
                    in row, ref quads, ref weights, ref start, ref multipliers, ref output, tiles, ref sums);
                break;
        }
    }

    /// <summary>What the sums start with where the instruction takes activations less 128 (<see cref="Int8ProductLoop"/>).</summary>
    internal static void OffsetStart<TDot, TVector>(int quads, nint stride, ref byte weights, ref byte bias, ref int start)
        where TDot : struct, IDotProduct<TVector>
        where TVector : struct
    {
        unchecked
        {
            int zero = 0;
            TVector activations = TDot.Broadcast(ref Unsafe.As<int, byte>(ref zero));
            TVector even = TDot.EvenActivations(activations);
            TVector odd = TDot.OddActivations(activations);
            for (int vector = 0; vector < 4; vector++)
            {
                TVector sum = default;
                for (int quad = 0; quad < quads; quad++)
                {
                    TVector lanes = TDot.Load(ref Unsafe.Add(ref weights, ((4 * quad) + vector) * stride));
                    sum = TDot.MultiplyAdd(sum, even, odd, TDot.EvenWeights(lanes), TDot.OddWeights(lanes));
                }

                ref int lane = ref Unsafe.Add(ref start, vector * TDot.Lanes);
                TDot.Store(sum, ref Unsafe.As<int, byte>(ref lane));
                for (int i = 0; i < TDot.Lanes; i++)
                {
                    Unsafe.Add(ref lane, i) =
                        Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref bias, (vector * stride) + (i * 4))) - Unsafe.Add(ref lane, i);
                }
            }
        }
    }
}
