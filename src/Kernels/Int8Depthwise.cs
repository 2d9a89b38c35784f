namespace OptimizerBuild.Kernels;

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
            int padded = (channels + 15) & ~15;
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < outputHeight; row++)
                {
                    for (int pixel = 0; pixel < outputWidth; pixel++)
                    {
                        int source = input + (image * inputImageStride) + (row * strideHeight * inputRowStride) + (pixel * strideWidth * inputPixelStride);
                        int target = output + (image * outputImageStride) + (row * outputRowStride) + (pixel * outputPixelStride);
                        for (int channel = 0; channel < channels; channel++)
                        {
                            int sum = Unsafe.ReadUnaligned<int>(ref w.Weight(bias + (channel * 4)));
                            int tap = 0;
                            for (int y = 0; y < kernelHeight; y++)
                            {
                                for (int x = 0; x < kernelWidth; x++)
                                {
                                    sum += w.Arena(source + (y * dilationHeight * inputRowStride) + (x * dilationWidth * inputPixelStride) + channel)
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
        }
    }
}
