namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Maximum over windows of a u8 feature map; padding does not take part (docs/arithmetic.md, Pooling and reductions).</summary>
internal static class Int8MaxPool
{
    /// <summary>Max pooling; input and output have the same scale and zero point. One-dimensional maps have height 1.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first interior input, pixel (0, 0).</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="inputPixelStride">Bytes from one input pixel to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="outputPixelStride">Bytes from one output pixel to the next.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="inputHeight">Input rows.</param>
    /// <param name="inputWidth">Input pixels of a row.</param>
    /// <param name="outputHeight">Output rows.</param>
    /// <param name="outputWidth">Output pixels of a row.</param>
    /// <param name="channels">Number of channels.</param>
    /// <param name="kernelHeight">Window rows.</param>
    /// <param name="kernelWidth">Window columns.</param>
    /// <param name="strideHeight">Input rows from one output row to the next.</param>
    /// <param name="strideWidth">Input pixels from one output pixel to the next.</param>
    /// <param name="dilationHeight">Input rows from one window row to the next.</param>
    /// <param name="dilationWidth">Input pixels from one window column to the next.</param>
    /// <param name="padTop">Rows by which the first window stands above the input.</param>
    /// <param name="padLeft">Pixels by which the first window stands left of the input.</param>
    public static void Run(
        Workspace w,
        int input,
        int inputImageStride,
        int inputRowStride,
        int inputPixelStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        int outputPixelStride,
        int images,
        int inputHeight,
        int inputWidth,
        int outputHeight,
        int outputWidth,
        int channels,
        int kernelHeight,
        int kernelWidth,
        int strideHeight,
        int strideWidth,
        int dilationHeight,
        int dilationWidth,
        int padTop,
        int padLeft)
    {
        unchecked
        {
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < outputHeight; row++)
                {
                    var window = new PoolingWindow((row * strideHeight) - padTop, kernelHeight, dilationHeight, 0, inputHeight);
                    int rows = window.Count;
                    int from = input + (image * inputImageStride) + (window.Start(dilationHeight) * inputRowStride);
                    int to = output + (image * outputImageStride) + (row * outputRowStride);
                    for (int pixel = 0; pixel < outputWidth; pixel++)
                    {
                        int start = (pixel * strideWidth) - padLeft;
                        int room = inputWidth - ((kernelWidth - 1) * dilationWidth) - start;
                        if (!w.IsStarting && Vector128.IsHardwareAccelerated && rows > 0 && start >= 0 && room > 0)
                        {
                            // The windows from here on that lie inside: one where the next one does not.
                            int count = Math.Min(((room - 1) / strideWidth) + 1, outputWidth - pixel);
                            Windows(
                                ref w.Arena(from + (start * inputPixelStride)), strideWidth * inputPixelStride, rows,
                                dilationHeight * inputRowStride, kernelWidth, dilationWidth * inputPixelStride,
                                ref w.Arena(to + (pixel * outputPixelStride)), outputPixelStride, count, channels);
                            pixel += count - 1;
                            continue;
                        }

                        var pixels = new PoolingWindow(start, kernelWidth, dilationWidth, 0, inputWidth);
                        ByteMaximum.Reduce(
                            w.IsStarting, ref w.Arena(from + (pixels.Start(dilationWidth) * inputPixelStride)), rows,
                            dilationHeight * inputRowStride, pixels.Count, dilationWidth * inputPixelStride,
                            ref w.Arena(to + (pixel * outputPixelStride)), channels);
                    }
                }
            }
        }
    }

    /// <summary>Windows side by side that lie inside the input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Windows(
        ref byte input,
        int inputStride,
        int rows,
        int rowStep,
        int columns,
        int columnStep,
        ref byte output,
        int outputStride,
        int count,
        int channels)
    {
        unchecked
        {
            // What is written behind a window's channels is the next window's, written after it.
            int room = outputStride == channels ? count * channels : channels;
            bool isTwoByTwo = rows == 2 && columns == 2;
            for (int window = 0; window < count; window++)
            {
                int channel = 0;
                if (Vector256.IsHardwareAccelerated)
                {
                    for (; channels - channel > 16 && room - channel >= 32; channel += 32)
                    {
                        ref byte run = ref Unsafe.Add(ref input, channel);
                        Vector256<byte> greatest = Vector256.LoadUnsafe(ref run);
                        if (isTwoByTwo)
                        {
                            ref byte next = ref Unsafe.Add(ref run, rowStep);
                            greatest = Vector256.Max(
                                Vector256.Max(greatest, Vector256.LoadUnsafe(ref Unsafe.Add(ref run, columnStep))),
                                Vector256.Max(Vector256.LoadUnsafe(ref next), Vector256.LoadUnsafe(ref Unsafe.Add(ref next, columnStep))));
                        }
                        else
                        {
                            for (int y = 0; y < rows; y++)
                            {
                                for (int x = 0; x < columns; x++)
                                {
                                    greatest = Vector256.Max(
                                        greatest, Vector256.LoadUnsafe(ref Unsafe.Add(ref run, (y * rowStep) + (x * columnStep))));
                                }
                            }
                        }

                        greatest.StoreUnsafe(ref Unsafe.Add(ref output, channel));
                    }
                }

                for (; channel < channels; channel += 16)
                {
                    ref byte run = ref Unsafe.Add(ref input, channel);
                    Vector128<byte> greatest = Vector128.LoadUnsafe(ref run);
                    if (isTwoByTwo)
                    {
                        ref byte next = ref Unsafe.Add(ref run, rowStep);
                        greatest = Vector128.Max(
                            Vector128.Max(greatest, Vector128.LoadUnsafe(ref Unsafe.Add(ref run, columnStep))),
                            Vector128.Max(Vector128.LoadUnsafe(ref next), Vector128.LoadUnsafe(ref Unsafe.Add(ref next, columnStep))));
                    }
                    else
                    {
                        for (int y = 0; y < rows; y++)
                        {
                            for (int x = 0; x < columns; x++)
                            {
                                greatest = Vector128.Max(
                                    greatest, Vector128.LoadUnsafe(ref Unsafe.Add(ref run, (y * rowStep) + (x * columnStep))));
                            }
                        }
                    }

                    if (room - channel >= 16)
                        greatest.StoreUnsafe(ref Unsafe.Add(ref output, channel));
                    else
                        PartialStore.Bytes(greatest, ref Unsafe.Add(ref output, channel), channels - channel);
                }

                input = ref Unsafe.Add(ref input, inputStride);
                output = ref Unsafe.Add(ref output, outputStride);
                if (outputStride == channels)
                    room -= channels;
            }
        }
    }
}
