namespace OptimizerBuild.Kernels;

/// <summary>
/// <see cref="Int8Convolution"/> for layers whose sums the build cannot prove to stay within s32 (docs/arithmetic.md, Dot products):
/// the sum is taken in blocks of inputs that stay within s32, and the blocks are added in s64. Biases are s64.
/// </summary>
/// <remarks>
/// A class of its own, so that only apps with such a layer get <see cref="Int8BlockedLoop"/>. Its parameters repeat those of
/// <see cref="Int8Convolution"/>, because a step's arguments are its method's parameters by name; what is done with them is shared.
/// </remarks>
internal static class Int8ConvolutionBlocked
{
    /// <summary>
    /// Convolution with u8 output. Parameters as in <see cref="Int8Convolution.Run"/>, but <paramref name="bias"/> holds s64.
    /// </summary>
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
        int groups,
        int inputChannelsPerGroup,
        int outputChannelsPerGroup,
        int kernelHeight,
        int kernelWidth,
        int strideHeight,
        int strideWidth,
        int dilationHeight,
        int dilationWidth)
    {
        Int8Convolution.Describe(
            out Int8Product product, input, inputImageStride, inputRowStride, inputPixelStride, output, outputImageStride,
            outputRowStride, outputPixelStride, weights, bias, multipliers, images, outputHeight, outputWidth, groups,
            inputChannelsPerGroup, outputChannelsPerGroup, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight,
            dilationWidth);
        Requantization.ToUInt8(out product.Requantization, shift, outputZeroPoint, minimum, maximum);
        Int8BlockedLoop.Run(w, in product);
    }

    /// <summary>
    /// Convolution with s32 output. Parameters as in <see cref="Int8Convolution.RunWide"/>, but <paramref name="bias"/> holds s64.
    /// </summary>
    public static void RunWide(
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
        int images,
        int outputHeight,
        int outputWidth,
        int groups,
        int inputChannelsPerGroup,
        int outputChannelsPerGroup,
        int kernelHeight,
        int kernelWidth,
        int strideHeight,
        int strideWidth,
        int dilationHeight,
        int dilationWidth)
    {
        Int8Convolution.Describe(
            out Int8Product product, input, inputImageStride, inputRowStride, inputPixelStride, output, outputImageStride,
            outputRowStride, outputPixelStride, weights, bias, multipliers, images, outputHeight, outputWidth, groups,
            inputChannelsPerGroup, outputChannelsPerGroup, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight,
            dilationWidth);
        Requantization.ToInt32(out product.Requantization, shift);
        Int8BlockedLoop.Run(w, in product);
    }
}
