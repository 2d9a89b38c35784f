namespace OptimizerBuild.Kernels;

#if NET9_0_OR_GREATER

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Carries out depthwise convolutions of 3×3 and 5×5 with AVX-VNNI and AVX-512: strips of output rows, in them blocks of 64, 32 or 16
/// channels, in them pairs of output rows (single ones where rows are not adjacent), whose input rows are interleaved into planes.
/// </summary>
internal static class Int8DepthwisePlaneLoop
{
    /// <summary>Bytes of input rows that a strip of output rows may read: all blocks of channels find them in a near cache.</summary>
    private const int StripBytes = 96 * 1024;

    /// <summary>Bytes of a cache line.</summary>
    private const int Alignment = 64;

    /// <summary>Bytes behind a plane's last place that are written with it where it is written alone.</summary>
    private const int LastPlace = 48;

    /// <summary>The least vectors of outputs of a side of a tile.</summary>
    private const int LeastVectors = 3;

    /// <summary>Bytes for planes: a third of a first-level cache.</summary>
    private const int PlaneBytes = 16 * 1024;

    /// <summary>Bytes for what blocks of 64 channels need beside the planes.</summary>
    private const int TableBytes = 6 * 1024;

    /// <summary>Computes the channels that this form takes.</summary>
    /// <returns>How many channels are done, counted from the first one: 0, or a multiple of 16 that leaves less than 32.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Run(Workspace w, in Int8DepthwiseProduct product)
    {
        unchecked
        {
            int columns = product.KernelWidth;
            if (!RequantizedRow.Has512 || columns is not (3 or 5) || product.KernelHeight != columns || product.DilationHeight != 1
                || product.DilationWidth != 1 || product.StrideWidth > 2 || product.Width < LeastVectors
                || !product.Requantization.FitsUpperHalves)
            {
                return 0;
            }

            // Columns that serve one or two pixels each are dear to interleave where most of their loads cross cache lines.
            if (columns == 3 && product.StrideWidth == 2 && product.InputPixelStride != 32 && product.InputPixelStride % Alignment != 0)
                return 0;

            // Sixteen channels make vectors with those of the neighbouring output pixel, whose places have to be neighbours, too.
            int done = product.PaddedChannels;
            if (product.StrideWidth != 1 || product.Width < 2 * LeastVectors)
                done &= ~(Int8DepthwiseLayout.Block - 1);
            if (done > 0)
                Strips(w, in product, columns, done);
            return done;
        }
    }

    /// <summary>All images, strip by strip.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Strips(Workspace w, in Int8DepthwiseProduct product, int columns, int channels)
    {
        unchecked
        {
            ref byte scratch = ref w.Scratch(PlaneBytes + TableBytes);
            ref byte table = ref Unsafe.Add(ref scratch, PlaneBytes);
            int rows = Math.Max(StripBytes / (2 * product.InputRowStride * product.StrideHeight), 1) * 2;
            for (int image = 0; image < product.Images; image++)
            {
                for (int y = 0; y < product.Height; y += rows)
                {
                    int input = product.Input + (image * product.InputImageStride) + (y * product.StrideHeight * product.InputRowStride);
                    int output = product.Output + (image * product.OutputImageStride) + (y * product.OutputRowStride);
                    int count = Math.Min(rows, product.Height - y);
                    int size;
                    for (int channel = 0; channel < channels; channel += size)
                    {
                        int left = channels - channel;
                        size = left >= 64 ? 64 : left >= 32 ? 32 : 16;
                        Block(
                            w, in product, columns, channel, size, ref w.Arena(input + channel), ref w.Arena(output + channel), count,
                            ref scratch, ref table);
                    }
                }
            }
        }
    }

    /// <summary>Some output rows of 64, 32 or 16 channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block(
        Workspace w, in Int8DepthwiseProduct product, int columns, int channel, int size, ref byte input, ref byte output, int height,
        ref byte scratch, ref byte table)
    {
        unchecked
        {
            int quads = columns == 5 ? 10 : 3;
            int pixels = Chunk(in product, columns, size);
            int vector = Vector(in product, size, pixels);
            int tableBytes = 4 * Int8DepthwiseTable.RecordBytes(columns, vector);
            for (int half = 0; half < size || half < vector; half += 32)
            {
                // What is wider than the block has its parameters twice.
                int block = half < size ? channel + half : channel;
                Int8DepthwiseTable.Write(
                    columns, vector, size == 16 ? 16 : 32, ref w.Weight(product.Weights + (block * quads * 4)),
                    ref w.Weight(product.Bias + (block * 4)), ref w.Weight(product.Multipliers + (block * 4)),
                    ref Unsafe.Add(ref table, half < vector ? half : tableBytes));
            }

            ref byte spare = ref Unsafe.Add(ref table, vector == 32 ? 2 * tableBytes : tableBytes);
            int vectorPixels = size < vector ? vector / size : 1;
            int places = ((pixels - 1) * product.StrideWidth) + columns;
            int pitch = ((places * size) + LastPlace + Alignment - 1) & -Alignment;
            var stretch = new Int8DepthwiseStretch
            {
                Requantization = product.Requantization,
                Pixels = pixels,
                VectorPixels = vectorPixels,
                OutputPixelStride = product.OutputPixelStride,
                Pitch = pitch,
                Place = size,
                PixelStep = size * product.StrideWidth,
                Columns = columns,
                Pairs = columns == 5 ? 3 : 0,
                SingleRow = columns == 5 ? vector : 0,
                PairPlanes = 4 * pitch,
            };
            for (int y = 0; y < height;)
            {
                int rows = product.StrideHeight == 1 && y + 1 < height ? 2 : 1;
                ref byte from = ref Unsafe.Add(ref input, y * product.StrideHeight * product.InputRowStride);
                ref byte to = ref Unsafe.Add(ref output, y * product.OutputRowStride);
                for (int x = 0; x < product.Width; x += pixels)
                {
                    // The last stretch overlaps the one before it.
                    int start = Math.Min(x, product.Width - pixels);
                    Planes(
                        in product, columns, size, rows, ref Unsafe.Add(ref from, start * product.StrideWidth * product.InputPixelStride),
                        places, ref scratch, in stretch);
                    ref byte upper = ref Unsafe.Add(ref to, start * product.OutputPixelStride);
                    for (int half = 0; half < size; half += vector)
                    {
                        stretch.Count = product.Channels - channel - half;
                        ref byte records = ref Unsafe.Add(ref table, half == 0 ? 0 : tableBytes);
                        ref byte first = ref Unsafe.Add(ref upper, half);
                        ref byte second = ref Unsafe.Add(ref first, rows > 1 ? product.OutputRowStride : 0);
                        ref byte planes = ref Unsafe.Add(ref scratch, half);
                        Tiles(in stretch, vector, rows, ref planes, ref records, ref first, ref second, ref spare);
                    }
                }

                y += rows;
            }
        }
    }

    /// <summary>
    /// Bytes of the vectors of sums: 64 with AVX-512 VNNI, where these are the block's channels, or neighbouring pixels of which not so
    /// many are computed twice that nothing is won.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Vector(in Int8DepthwiseProduct product, int size, int pixels)
    {
        unchecked
        {
            if (!KernelPath.UsesAvx512Vnni)
                return 32;
            int wide = 64 / size;
            if (wide > 1 && (product.StrideWidth != 1 || pixels < LeastVectors * wide))
                return 32;
            return 2 * Computed(pixels, wide) < 3 * Computed(pixels, size == 16 ? 2 : 1) ? 64 : 32;
        }
    }

    /// <summary>Pixels that the tiles of two output rows compute for so many, some of them twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Computed(int pixels, int vectorPixels)
    {
        unchecked
        {
            int vectors = IsNarrow(pixels, vectorPixels, vectorPixels) ? 3 : 4;
            int tile = vectors * vectorPixels;
            return (pixels + tile - 1) / tile * tile;
        }
    }

    /// <summary>Whether tiles have three vectors a side: where four would not fit or compute clearly more twice.</summary>
    /// <param name="pixels">The pixels of a row.</param>
    /// <param name="vectorPixels">Pixels of a vector.</param>
    /// <param name="side">Pixels of a vector of both sides where these are parts of one row, else of one.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsNarrow(int pixels, int vectorPixels, int side)
    {
        unchecked
        {
            int three = (pixels + (3 * side) - 1) / (3 * side) * 3;
            int four = (pixels + (4 * side) - 1) / (4 * side) * 4;
            return pixels < 4 * vectorPixels || three * 8 < four * 7;
        }
    }

    /// <summary>Output pixels of a stretch: the row in equal parts whose planes fit the scratch memory.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Chunk(in Int8DepthwiseProduct product, int columns, int size)
    {
        unchecked
        {
            int plane = (PlaneBytes / (columns == 5 ? 8 : 4)) - LastPlace;
            int most = ((((plane & -Alignment) / size) - columns) / product.StrideWidth) + 1;
            int chunks = (product.Width + most - 1) / most;
            return (product.Width + chunks - 1) / chunks;
        }
    }

    /// <summary>Interleaves what a stretch reads.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Planes(
        in Int8DepthwiseProduct product, int columns, int size, int rows, ref byte input, int places, ref byte scratch,
        in Int8DepthwiseStretch stretch)
    {
        unchecked
        {
            int row = product.InputRowStride;
            int place = product.InputPixelStride;
            if (columns == 3)
            {
                Int8DepthwisePlanes.Interleave(
                    ref input, place, places, size, [0, row, 2 * row, rows == 2 ? 3 * row : 2 * row], ref scratch, stretch.Pitch);
                return;
            }

            // Two output rows share the four input rows in the middle, and each has one more; one row has four and the last one.
            ref byte middle = ref Unsafe.Add(ref input, rows == 2 ? row : 0);
            Int8DepthwisePlanes.Interleave(ref middle, place, places, size, [0, row, 2 * row, 3 * row], ref scratch, stretch.Pitch);
            int first = rows == 2 ? 0 : 4 * row;
            int last = rows == 2 ? 5 * row : 4 * row;
            Int8DepthwisePlanes.InterleavePairs(
                ref input, place, places, size, first, last, ref Unsafe.Add(ref scratch, stretch.PairPlanes), stretch.Pitch);
        }
    }

    /// <summary>All tiles of a stretch.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tiles(
        in Int8DepthwiseStretch stretch, int vector, int rows, ref byte planes, ref byte table, ref byte upper, ref byte lower,
        ref byte spare)
    {
        unchecked
        {
            int side = rows == 2 ? stretch.VectorPixels : 2 * stretch.VectorPixels;
            bool narrow = IsNarrow(stretch.Pixels, stretch.VectorPixels, side);
#if NET11_0_OR_GREATER
            if (vector == Int8DepthwisePlaneTile512.VectorBytes)
            {
                if (rows == 2 && narrow)
                    Int8DepthwisePlaneTile512.Run<Extent3, Extent2>(in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
                else if (rows == 2)
                    Int8DepthwisePlaneTile512.Run<Extent4, Extent2>(in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
                else if (narrow)
                    Int8DepthwisePlaneTile512.Run<Extent3, Extent1>(in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
                else
                    Int8DepthwisePlaneTile512.Run<Extent4, Extent1>(in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
                return;
            }
#endif
            if (rows == 2 && narrow)
                Int8DepthwisePlaneTile.Run<Extent3, Extent2>(in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
            else if (rows == 2)
                Int8DepthwisePlaneTile.Run<Extent4, Extent2>(in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
            else if (narrow)
                Int8DepthwisePlaneTile.Run<Extent3, Extent1>(in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
            else
                Int8DepthwisePlaneTile.Run<Extent4, Extent1>(in stretch, ref planes, ref table, ref upper, ref lower, ref spare);
        }
    }
}

#endif
