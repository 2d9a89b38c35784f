namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

/// <summary>
/// Brings the caller's data into the arena as u8 feature maps, NHWC inside a border, whatever the caller's layout: the source is addressed
/// by strides in elements, for example NCHW with a channel stride of height · width.
/// </summary>
internal static class QuantizeInput
{
    /// <summary>Quantises floats (docs/arithmetic.md, Between float and integer).</summary>
    /// <param name="source">The caller's elements.</param>
    /// <param name="w">The workspace.</param>
    /// <param name="sourceImageStride">Elements from one source image to the next.</param>
    /// <param name="sourceRowStride">Elements from one source row to the next.</param>
    /// <param name="sourcePixelStride">Elements from one source pixel to the next.</param>
    /// <param name="sourceChannelStride">Elements from one source channel to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="outputPixelStride">Bytes from one output pixel to the next.</param>
    /// <param name="inverseScale">1 / scale, rounded to float32.</param>
    /// <param name="zeroPoint">The zero point.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="channels">Number of channels.</param>
    public static void FromFloat32(
        ReadOnlySpan<float> source,
        Workspace w,
        int sourceImageStride,
        int sourceRowStride,
        int sourcePixelStride,
        int sourceChannelStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        int outputPixelStride,
        float inverseScale,
        int zeroPoint,
        int images,
        int height,
        int width,
        int channels)
    {
        unchecked
        {
            ref float first = ref MemoryMarshal.GetReference(source);
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < height; row++)
                {
                    ref float from = ref Unsafe.Add(ref first, (image * sourceImageStride) + (row * sourceRowStride));
                    ref byte to = ref w.Arena(output + (image * outputImageStride) + (row * outputRowStride));
                    if (w.IsStarting)
                    {
                        Strided(
                            ref from, sourcePixelStride, sourceChannelStride, ref to, outputPixelStride, inverseScale, zeroPoint, width,
                            channels);
                    }
                    else
                    {
                        Row(
                            ref from, sourcePixelStride, sourceChannelStride, ref to, outputPixelStride, inverseScale, zeroPoint, width,
                            channels);
                    }
                }
            }
        }
    }

    /// <summary>A row of pixels.</summary>
    private static void Row(
        ref float from, int sourcePixelStride, int sourceChannelStride, ref byte to, int outputPixelStride, float inverseScale,
        int zeroPoint, int width, int channels)
    {
        unchecked
        {
            if (sourcePixelStride == 1 && width > 1)
            {
                int start = channels == 3 && outputPixelStride == 3
                    ? ThreePlanes(ref from, sourceChannelStride, ref to, width, inverseScale, zeroPoint) : 0;
                for (int channel = 0; channel < channels; channel++)
                {
                    Plane(
                        ref Unsafe.Add(ref from, (channel * sourceChannelStride) + start),
                        ref Unsafe.Add(ref to, (start * outputPixelStride) + channel), outputPixelStride, width - start,
                        inverseScale, zeroPoint);
                }
            }
            else if (sourceChannelStride == 1 && (width == 1 || (sourcePixelStride == channels && outputPixelStride == channels)))
            {
                Quantize.Row(ref from, ref to, width * channels, inverseScale, zeroPoint);
            }
            else if (sourceChannelStride == 1)
            {
                for (int pixel = 0; pixel < width; pixel++)
                {
                    Quantize.Row(
                        ref Unsafe.Add(ref from, pixel * sourcePixelStride), ref Unsafe.Add(ref to, pixel * outputPixelStride),
                        channels, inverseScale, zeroPoint);
                }
            }
            else
            {
                Strided(
                    ref from, sourcePixelStride, sourceChannelStride, ref to, outputPixelStride, inverseScale, zeroPoint, width, channels);
            }
        }
    }

    /// <summary>The elements of a row one by one.</summary>
    private static void Strided(
        ref float from, int pixelStride, int channelStride, ref byte to, int outputPixelStride, float inverseScale, int zeroPoint,
        int width, int channels)
    {
        unchecked
        {
            for (int pixel = 0; pixel < width; pixel++)
            {
                for (int channel = 0; channel < channels; channel++)
                {
                    Unsafe.Add(ref to, (pixel * outputPixelStride) + channel) = Quantize.OnStart(
                        Unsafe.Add(ref from, (pixel * pixelStride) + (channel * channelStride)), inverseScale, zeroPoint);
                }
            }
        }
    }

    /// <summary>The pixels of a row of three planes side by side, sixteen at a time.</summary>
    /// <returns>How many pixels are done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int ThreePlanes(ref float from, int planeStride, ref byte to, int width, float inverseScale, int zeroPoint)
    {
        unchecked
        {
            if (!Quantize.IsVectorized)
                return 0;
            int pixel = QuantizePlanes512.IsSupported
                ? QuantizePlanes512.Run(ref from, planeStride, ref to, width, inverseScale, zeroPoint) : 0;
            for (; width - pixel >= 16; pixel += 16)
            {
                PixelInterleaving.Store(
                    Quantize.Sixteen(ref Unsafe.Add(ref from, pixel), inverseScale, zeroPoint),
                    Quantize.Sixteen(ref Unsafe.Add(ref from, planeStride + pixel), inverseScale, zeroPoint),
                    Quantize.Sixteen(ref Unsafe.Add(ref from, (2 * planeStride) + pixel), inverseScale, zeroPoint),
                    ref Unsafe.Add(ref to, pixel * 3));
            }

            return pixel;
        }
    }

    /// <summary>One channel's pixels of a row, adjacent in the source, apart in the output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Plane(ref float from, ref byte to, int step, int width, float inverseScale, int zeroPoint)
    {
        unchecked
        {
            if (step == 1)
            {
                Quantize.Row(ref from, ref to, width, inverseScale, zeroPoint);
                return;
            }

            int pixel = 0;
            if (Quantize.IsVectorized)
            {
                for (; width - pixel >= 8; pixel += 8)
                {
                    ulong bytes = Quantize.Eight(ref Unsafe.Add(ref from, pixel), inverseScale, zeroPoint);
                    ref byte target = ref Unsafe.Add(ref to, pixel * step);
                    for (int i = 0; i < 8; i++)
                    {
                        target = (byte)bytes;
                        target = ref Unsafe.Add(ref target, step);
                        bytes >>= 8;
                    }
                }
            }

            for (; pixel < width; pixel++)
                Unsafe.Add(ref to, pixel * step) = Quantize.Single(Unsafe.Add(ref from, pixel), inverseScale, zeroPoint);
        }
    }

    /// <summary>Looks up bytes in a table, which holds the normalisation and the quantisation in one.</summary>
    /// <param name="source">The caller's bytes.</param>
    /// <param name="w">The workspace.</param>
    /// <param name="sourceImageStride">Elements from one source image to the next.</param>
    /// <param name="sourceRowStride">Elements from one source row to the next.</param>
    /// <param name="sourcePixelStride">Elements from one source pixel to the next.</param>
    /// <param name="sourceChannelStride">Elements from one source channel to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="outputPixelStride">Bytes from one output pixel to the next.</param>
    /// <param name="tables">Weights offset of the first table of 256 bytes.</param>
    /// <param name="tableStride">Bytes from one channel's table to the next: 256, or 0 where all channels have the same.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="height">Rows.</param>
    /// <param name="width">Pixels of a row.</param>
    /// <param name="channels">Number of channels.</param>
    public static void FromUInt8(
        ReadOnlySpan<byte> source,
        Workspace w,
        int sourceImageStride,
        int sourceRowStride,
        int sourcePixelStride,
        int sourceChannelStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        int outputPixelStride,
        int tables,
        int tableStride,
        int images,
        int height,
        int width,
        int channels)
    {
        unchecked
        {
            ref byte first = ref MemoryMarshal.GetReference(source);
            ref byte table = ref w.Weight(tables);
            bool isPlain = w.IsStarting;
            bool isOneTable = !isPlain && tableStride == 0 && sourceChannelStride == 1;
            bool isRowOfBytes = width == 1 || (sourcePixelStride == channels && outputPixelStride == channels);
            bool isColour = !isPlain && PixelLookup.IsVectorized && channels == 3 && outputPixelStride == 3 && width > 1;
            bool isInterleaved = isColour && sourceChannelStride == 1 && sourcePixelStride == 3;
            bool isPlanar = isColour && sourcePixelStride == 1;
            Span<byte> steps = stackalloc byte[3 * ByteLookup.StepsBytes];
            for (int channel = 0; channel < (isOneTable ? 1 : isInterleaved || isPlanar ? 3 : 0); channel++)
                ByteLookup.Prepare(ref Unsafe.Add(ref table, channel * tableStride), ref steps[channel * ByteLookup.StepsBytes]);
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < height; row++)
                {
                    ref byte from = ref Unsafe.Add(ref first, (image * sourceImageStride) + (row * sourceRowStride));
                    ref byte to = ref w.Arena(output + (image * outputImageStride) + (row * outputRowStride));
                    if (isOneTable && isRowOfBytes)
                    {
                        ByteLookup.Row(ref from, ref to, width * channels, ref table, ref steps[0]);
                        continue;
                    }

                    if (isOneTable)
                    {
                        for (int pixel = 0; pixel < width; pixel++)
                        {
                            ByteLookup.Row(
                                ref Unsafe.Add(ref from, pixel * sourcePixelStride), ref Unsafe.Add(ref to, pixel * outputPixelStride),
                                channels, ref table, ref steps[0]);
                        }

                        continue;
                    }

                    if (isInterleaved)
                    {
                        PixelLookup.Interleaved(ref from, ref to, width, ref table, tableStride, ref steps[0]);
                        continue;
                    }

                    if (isPlanar)
                    {
                        PixelLookup.Planar(ref from, sourceChannelStride, ref to, width, ref table, tableStride, ref steps[0]);
                        continue;
                    }

                    for (int pixel = 0; pixel < width; pixel++)
                    {
                        for (int channel = 0; channel < channels; channel++)
                        {
                            int value = Unsafe.Add(ref from, (pixel * sourcePixelStride) + (channel * sourceChannelStride));
                            Unsafe.Add(ref to, (pixel * outputPixelStride) + channel) = Unsafe.Add(
                                ref table, (channel * tableStride) + value);
                        }
                    }
                }
            }
        }
    }
}
