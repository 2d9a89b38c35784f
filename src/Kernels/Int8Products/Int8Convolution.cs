namespace OptimizerBuild.Kernels;

/// <summary>
/// Convolution of u8 feature maps with s8 weights (docs/arithmetic.md, Dot products) as an implicit matrix product over NHWC rows:
/// nothing is copied, the padding is the border of the input's buffer. One-dimensional convolutions have height 1.
/// </summary>
/// <remarks>
/// Weights are packed by <c>Int8Packing</c>, group after group; biases and multipliers are one s32 for each channel, each group rounded up
/// to a multiple of 8 channels. Where <see cref="HasContiguousKernelRows"/> holds a segment is a whole kernel row, else a single tap.
/// </remarks>
internal static class Int8Convolution
{
    /// <summary>Whether the taps of one kernel row are one contiguous run of the input, which decides how weights are packed.</summary>
    public static bool HasContiguousKernelRows(int inputChannelsPerGroup, int inputPixelStride, int dilationWidth) =>
        dilationWidth == 1 && inputPixelStride == inputChannelsPerGroup;

    /// <summary>Convolution with u8 output.</summary>
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
    /// <param name="groups">Number of groups.</param>
    /// <param name="inputChannelsPerGroup">Input channels of a group.</param>
    /// <param name="outputChannelsPerGroup">Output channels of a group.</param>
    /// <param name="kernelHeight">Kernel rows.</param>
    /// <param name="kernelWidth">Taps of a kernel row.</param>
    /// <param name="strideHeight">Input rows from one output row to the next.</param>
    /// <param name="strideWidth">Input pixels from one output pixel to the next.</param>
    /// <param name="dilationHeight">Input rows from one kernel row to the next.</param>
    /// <param name="dilationWidth">Input pixels from one tap to the next.</param>
    /// <param name="pairSums">
    /// 1 where the build has proved from the packed weights that no sum of two neighbouring products leaves 16 bits, else 0.
    /// </param>
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
        int dilationWidth,
        int pairSums)
    {
        Describe(
            out Int8Product product, input, inputImageStride, inputRowStride, inputPixelStride, output, outputImageStride,
            outputRowStride, outputPixelStride, weights, bias, multipliers, images, outputHeight, outputWidth, groups,
            inputChannelsPerGroup, outputChannelsPerGroup, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight,
            dilationWidth);
        Requantization.ToUInt8(
            out product.Requantization, shift, outputZeroPoint, minimum, maximum, ref w.Weight(multipliers),
            product.Groups * product.PaddedChannels);
        product.PairSumsFit = pairSums != 0;
        Int8ProductLoop.Run(w, in product);
    }

    /// <summary>Convolution with s32 output (4 bytes a channel; strides are bytes). Parameters as in <see cref="Run"/>.</summary>
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
        int dilationWidth,
        int pairSums)
    {
        Describe(
            out Int8Product product, input, inputImageStride, inputRowStride, inputPixelStride, output, outputImageStride,
            outputRowStride, outputPixelStride, weights, bias, multipliers, images, outputHeight, outputWidth, groups,
            inputChannelsPerGroup, outputChannelsPerGroup, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight,
            dilationWidth);
        Requantization.ToInt32(out product.Requantization, shift);
        product.PairSumsFit = pairSums != 0;
        Int8ProductLoop.Run(w, in product);
    }

    /// <summary>
    /// The matrix product that a convolution is; its requantisation is left to the caller. It is written where it belongs, as that is.
    /// </summary>
    internal static void Describe(
        out Int8Product product,
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
        unchecked
        {
            bool contiguous = HasContiguousKernelRows(inputChannelsPerGroup, inputPixelStride, dilationWidth);
            int segmentLength = contiguous ? kernelWidth * inputChannelsPerGroup : inputChannelsPerGroup;
            product = default;
            product.Input = input;
            product.InputImageStride = inputImageStride;
            product.InputRowStep = strideHeight * inputRowStride;
            product.InputPixelStep = strideWidth * inputPixelStride;
            product.InputGroupStep = inputChannelsPerGroup;
            product.Output = output;
            product.OutputImageStride = outputImageStride;
            product.OutputRowStride = outputRowStride;
            product.OutputPixelStride = outputPixelStride;
            product.Weights = weights;
            product.Bias = bias;
            product.Multipliers = multipliers;
            product.Images = images;
            product.Height = outputHeight;
            product.Width = outputWidth;
            product.Groups = groups;
            product.Channels = outputChannelsPerGroup;
            product.SegmentRows = kernelHeight;
            product.SegmentRowStep = dilationHeight * inputRowStride;
            product.SegmentColumns = contiguous ? 1 : kernelWidth;
            product.SegmentColumnStep = dilationWidth * inputPixelStride;
            product.SegmentQuads = (segmentLength + 3) >> 2;
        }
    }
}
