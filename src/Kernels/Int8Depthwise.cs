namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Depthwise convolution (one input channel to each output channel) of u8 feature maps with s8 weights (docs/arithmetic.md, Dot products),
/// vectorised over channels. The padding is the border of the input's buffer.
/// </summary>
/// <remarks>
/// Weights are packed by <c>Int8Packing.PackDepthwise</c>: taps in pairs, channels rounded up to 16; so are biases and multipliers.
/// </remarks>
internal static class Int8Depthwise
{
    /// <summary>The most taps whose offsets are computed in advance.</summary>
    private const int MaximumTaps = 255;

    /// <summary>Depthwise convolution with u8 output.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the top-left tap of output (0, 0), that is, in the border where there is padding.</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="inputPixelStride">Bytes from one input pixel to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="outputPixelStride">Bytes from one output pixel to the next.</param>
    /// <param name="weights">Weights offset of the packed weights.</param>
    /// <param name="bias">Weights offset of the biases, zero-point correction included (s32).</param>
    /// <param name="multipliers">Weights offset of the multipliers (s32).</param>
    /// <param name="shift">The requantisation's right shift, 1…62.</param>
    /// <param name="outputZeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="outputHeight">Output rows.</param>
    /// <param name="outputWidth">Output pixels of a row.</param>
    /// <param name="channels">Number of channels.</param>
    /// <param name="kernelHeight">Kernel rows.</param>
    /// <param name="kernelWidth">Taps of a kernel row.</param>
    /// <param name="strideHeight">Input rows from one output row to the next.</param>
    /// <param name="strideWidth">Input pixels from one output pixel to the next.</param>
    /// <param name="dilationHeight">Input rows from one kernel row to the next.</param>
    /// <param name="dilationWidth">Input pixels from one tap to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
        int weights,
        int bias,
        int multipliers,
        int shift,
        int outputZeroPoint,
        int minimum,
        int maximum,
        int images,
        int outputHeight,
        int outputWidth,
        int channels,
        int kernelHeight,
        int kernelWidth,
        int strideHeight,
        int strideWidth,
        int dilationHeight,
        int dilationWidth)
    {
        unchecked
        {
            Requantization requantization = Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum);
            int taps = kernelHeight * kernelWidth;
            bool vectors = Int8DepthwiseTiles.IsSupported && taps <= MaximumTaps;
            Span<int> offsets = stackalloc int[MaximumTaps + 1];
            if (vectors)
            {
                for (int tap = 0; tap < taps; tap++)
                    offsets[tap] = (tap / kernelWidth * dilationHeight * inputRowStride)
                        + (tap % kernelWidth * dilationWidth * inputPixelStride);

                // An odd last tap is paired with itself; the second one's weights are zero.
                offsets[taps] = offsets[taps - 1];
            }

            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < outputHeight; row++)
                {
                    int source = input + (image * inputImageStride) + (row * strideHeight * inputRowStride);
                    int target = output + (image * outputImageStride) + (row * outputRowStride);
                    if (vectors)
                    {
                        VectorRow(
                            w, source, strideWidth * inputPixelStride, target, outputPixelStride, weights, bias, multipliers, outputWidth,
                            channels,
                            offsets, (taps + 1) >> 1, in requantization);
                    }
                    else
                    {
                        for (int pixel = 0; pixel < outputWidth; pixel++)
                        {
                            ScalarPixel(
                                w, source + (pixel * strideWidth * inputPixelStride), dilationHeight * inputRowStride,
                                dilationWidth * inputPixelStride,
                                target + (pixel * outputPixelStride), weights, bias, multipliers, channels, kernelHeight, kernelWidth,
                                in requantization);
                        }
                    }
                }
            }
        }
    }

    /// <summary>One output row with vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void VectorRow(
        Workspace w,
        int source,
        int sourceStep,
        int target,
        int targetStep,
        int weights,
        int bias,
        int multipliers,
        int width,
        int channels,
        Span<int> taps,
        int pairs,
        in Requantization requantization)
    {
        unchecked
        {
            Span<int> sums = stackalloc int[Int8DepthwiseTiles.MaximumPixels * Int8DepthwiseTiles.Channels];
            Span<int> outputs = stackalloc int[Int8DepthwiseTiles.MaximumPixels];
            int pairStep = ((channels + 15) & ~15) * 2;
            for (int channel = 0; channel < channels; channel += Int8DepthwiseTiles.Channels)
            {
                int used = Math.Min(channels - channel, Int8DepthwiseTiles.Channels);
                for (int pixel = 0; pixel < width;)
                {
                    int pixels = width - pixel >= Int8DepthwiseTiles.MaximumPixels ? Int8DepthwiseTiles.MaximumPixels : 1;
                    Int8DepthwiseTiles.Run(
                        pixels, ref w.Arena(source + (pixel * sourceStep) + channel), sourceStep, ref taps[0], pairs,
                        ref w.Weight(weights + (channel * 2)), pairStep, ref w.Weight(bias + (channel * 4)), ref sums[0]);
                    for (int i = 0; i < pixels; i++)
                        outputs[i] = target + ((pixel + i) * targetStep) + channel;
                    RequantizedStore.Rows(
                        ref w.Arena(0), ref sums[0], Int8DepthwiseTiles.Channels, ref outputs[0], pixels, used,
                        ref w.Weight(multipliers + (channel * 4)), in requantization);
                    pixel += pixels;
                }
            }
        }
    }

    /// <summary>One output pixel without vectors.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    internal static void ScalarPixel(
        Workspace w,
        int source,
        int rowStep,
        int columnStep,
        int target,
        int weights,
        int bias,
        int multipliers,
        int channels,
        int kernelHeight,
        int kernelWidth,
        in Requantization requantization)
    {
        unchecked
        {
            int padded = (channels + 15) & ~15;
            for (int channel = 0; channel < channels; channel++)
            {
                int sum = Unsafe.ReadUnaligned<int>(ref w.Weight(bias + (channel * 4)));
                int tap = 0;
                for (int y = 0; y < kernelHeight; y++)
                {
                    for (int x = 0; x < kernelWidth; x++)
                    {
                        sum += w.Arena(source + (y * rowStep) + (x * columnStep) + channel)
                            * (sbyte)w.Weight(weights + ((((tap >> 1) * padded) + channel) * 2) + (tap & 1));
                        tap++;
                    }
                }

                int multiplier = Unsafe.ReadUnaligned<int>(ref w.Weight(multipliers + (channel * 4)));
                w.Arena(target + channel) = (byte)requantization.Apply((long)sum * multiplier);
            }
        }
    }
}
