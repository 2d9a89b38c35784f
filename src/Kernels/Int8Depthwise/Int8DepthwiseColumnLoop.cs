namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Carries out depthwise convolutions of 3×3 with AVX-512: strips of output rows, in them blocks of 64, 32 or 16 channels, in them pairs of
/// output rows (single ones where rows are not adjacent), each along the whole row (<see cref="Int8DepthwiseColumnTile"/>).
/// </summary>
internal static class Int8DepthwiseColumnLoop
{
    /// <summary>Bytes of input rows that a strip of output rows may read: all blocks of channels find them in a near cache.</summary>
    private const int StripBytes = 96 * 1024;

    /// <summary>Bytes of a vector.</summary>
    private const int Vector = 64;

    /// <summary>Computes the convolution where it has this form.</summary>
    /// <returns>Whether it has.</returns>
    /// <typeparam name="TColumns">How products are summed.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool TryRun<TColumns>(Workspace w, in Int8DepthwiseProduct product)
        where TColumns : struct, IDepthwiseColumns
    {
        if (product.KernelWidth != 3 || product.KernelHeight != 3 || product.DilationHeight != 1 || product.DilationWidth != 1
            || product.StrideWidth > 2 || !product.Requantization.FitsUpperHalves || product.Requantization.LeftShift > 0)
        {
            return false;
        }

        Strips<TColumns>(w, in product);
        return true;
    }

    /// <summary>All images, strip by strip.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Strips<TColumns>(Workspace w, in Int8DepthwiseProduct product)
        where TColumns : struct, IDepthwiseColumns
    {
        unchecked
        {
            int tableBytes = Int8DepthwiseColumnTable.Bytes(TColumns.TapBytes);
            ref byte table = ref w.Scratch(tableBytes + ((product.Channels & 15) == 0 ? 0 : 2 * Vector * product.Width));
            ref byte spare = ref Unsafe.Add(ref table, tableBytes);
            Int8DepthwiseColumnTable.WriteEnd(
                in product.Requantization, ref Unsafe.Add(ref table, 4 * Int8DepthwiseColumnTable.RecordBytes(TColumns.TapBytes)));
            int rows = Math.Max(StripBytes / (2 * product.InputRowStride * product.StrideHeight), 1) * 2;
            for (int image = 0; image < product.Images; image++)
            {
                for (int y = 0; y < product.Height; y += rows)
                {
                    int input = product.Input + (image * product.InputImageStride) + (y * product.StrideHeight * product.InputRowStride);
                    int output = product.Output + (image * product.OutputImageStride) + (y * product.OutputRowStride);
                    int count = Math.Min(rows, product.Height - y);
                    int size;
                    for (int channel = 0; channel < product.PaddedChannels; channel += size)
                    {
                        int left = product.PaddedChannels - channel;
                        size = left >= 64 ? 64 : left >= 32 ? 32 : 16;
                        Int8DepthwiseColumnTable.Write<TColumns>(
                            size, ref w.Weight(product.Weights + (channel * 12)), ref w.Weight(product.Bias + (channel * 4)),
                            ref w.Weight(product.Multipliers + (channel * 4)), ref table);
                        Block<TColumns>(
                            in product, channel, size, ref w.Arena(input + channel), ref w.Arena(output + channel), count, ref table,
                            ref spare);
                    }
                }
            }
        }
    }

    /// <summary>Some output rows of 64, 32 or 16 channels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Block<TColumns>(
        in Int8DepthwiseProduct product, int channel, int size, ref byte input, ref byte output, int height, ref byte table, ref byte spare)
        where TColumns : struct, IDepthwiseColumns
    {
        unchecked
        {
            // The last segments overlap the ones before them where the row is not so many times as long.
            int pixels = ((product.Width * size) + Vector - 1) / Vector;
            int last = product.Width - pixels;
            int second = Math.Min(pixels, last);
            int third = Math.Min(2 * pixels, last);

            // Outputs that are not whole vectors of sixteen wait in memory: nothing may be written behind them.
            int channels = product.Channels - channel;
            bool waits = channels < size;
            int outputStep = waits ? size : product.OutputPixelStride;
            nint inputStep = product.StrideWidth * product.InputPixelStride;
            var row = new Int8DepthwiseColumnRow
            {
                Pixels = pixels,
                InputRowStride = product.InputRowStride,
                InputPixelStride = product.InputPixelStride,
                OutputPixelStride = outputStep,
                InputSegment1 = second * inputStep,
                InputSegment2 = third * inputStep,
                InputSegment3 = last * inputStep,
                OutputSegment1 = second * outputStep,
                OutputSegment2 = third * outputStep,
                OutputSegment3 = last * outputStep,
            };
            bool shares = TColumns.Shares && product.StrideHeight == 1 && product.StrideWidth == 1;
            for (int y = 0; y < height;)
            {
                ref byte from = ref Unsafe.Add(ref input, y * product.StrideHeight * product.InputRowStride);
                ref byte to = ref Unsafe.Add(ref output, y * product.OutputRowStride);
                int rows = shares && y + 1 < height ? 2 : 1;
                int outputRow = waits ? Vector * product.Width : product.OutputRowStride;
                ref byte upper = ref waits ? ref spare : ref to;
                ref byte lower = ref Unsafe.Add(ref upper, rows > 1 ? outputRow : 0);
                if (size == 64)
                    Rows<TColumns, Extent1>(in row, rows, product.StrideWidth, ref from, ref table, ref upper, ref lower);
                else if (size == 32)
                    Rows<TColumns, Extent2>(in row, rows, product.StrideWidth, ref from, ref table, ref upper, ref lower);
                else
                    Rows<TColumns, Extent4>(in row, rows, product.StrideWidth, ref from, ref table, ref upper, ref lower);
                if (waits)
                {
                    Copy(in product, channels, size, ref upper, ref to);
                    if (rows > 1)
                        Copy(in product, channels, size, ref lower, ref Unsafe.Add(ref to, product.OutputRowStride));
                }

                y += rows;
            }
        }
    }

    /// <summary>Copies a row of outputs of which a block has more channels than there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Copy(in Int8DepthwiseProduct product, int channels, int size, ref byte outputs, ref byte to)
    {
        unchecked
        {
            for (int x = product.Width; x > 0; x--)
            {
                for (int channel = 0; channel < channels; channel += 16)
                {
                    PartialStore.Bytes(
                        Vector128.LoadUnsafe(ref outputs, (nuint)channel), ref Unsafe.Add(ref to, channel), channels - channel);
                }

                outputs = ref Unsafe.Add(ref outputs, size);
                to = ref Unsafe.Add(ref to, product.OutputPixelStride);
            }
        }
    }

    /// <summary>One or two output rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows<TColumns, TSegments>(
        in Int8DepthwiseColumnRow row, int rows, int stride, ref byte input, ref byte table, ref byte upper, ref byte lower)
        where TColumns : struct, IDepthwiseColumns
        where TSegments : struct, IExtent
    {
        if (rows == 2)
            Int8DepthwiseColumnTile.Run<TColumns, TSegments, Extent2, Extent1>(in row, ref input, ref table, ref upper, ref lower);
        else if (stride == 1)
            Int8DepthwiseColumnTile.Run<TColumns, TSegments, Extent1, Extent1>(in row, ref input, ref table, ref upper, ref lower);
        else
            Int8DepthwiseColumnTile.Run<TColumns, TSegments, Extent1, Extent2>(in row, ref input, ref table, ref upper, ref lower);
    }
}
