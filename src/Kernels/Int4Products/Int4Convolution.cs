namespace OptimizerBuild.Kernels;

/// <summary>
/// A convolution whose weights are four bits each in memory, perhaps times a factor for each output channel and group of input channels
/// (<see cref="Int4Product"/>); otherwise as <see cref="Int8Convolution"/>. The input channels of a group are a multiple of four.
/// </summary>
internal static class Int4Convolution
{
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
    /// <param name="weights">Weights offset of the packed codes.</param>
    /// <param name="factors">Weights offset of the factors; of no meaning where there are none.</param>
    /// <param name="groupInputs">Inputs that share a factor in every tap, a multiple of 4; 0 where there are no factors.</param>
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
        int factors,
        int groupInputs,
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
        Int4Product four = default;
        Int8Convolution.Describe(
            out four.Product, input, inputImageStride, inputRowStride, inputPixelStride, output, outputImageStride,
            outputRowStride, outputPixelStride, weights, bias, multipliers, images, outputHeight, outputWidth, groups,
            inputChannelsPerGroup, outputChannelsPerGroup, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight,
            dilationWidth);
        Requantization.ToUInt8(
            out four.Product.Requantization, shift, outputZeroPoint, minimum, maximum, ref w.Weight(multipliers),
            four.Product.Groups * four.Product.PaddedChannels);
        four.Product.PairSumsFit = pairSums != 0;
        four.Factors = factors;
        four.GroupQuads = groupInputs >> 2;
        four.TapQuads = inputChannelsPerGroup >> 2;
        Int4ProductLoop.Run(w, in four);
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
        int factors,
        int groupInputs,
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
        Int4Product four = default;
        Int8Convolution.Describe(
            out four.Product, input, inputImageStride, inputRowStride, inputPixelStride, output, outputImageStride,
            outputRowStride, outputPixelStride, weights, bias, multipliers, images, outputHeight, outputWidth, groups,
            inputChannelsPerGroup, outputChannelsPerGroup, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight,
            dilationWidth);
        Requantization.ToInt32(out four.Product.Requantization, shift);
        four.Product.PairSumsFit = pairSums != 0;
        four.Factors = factors;
        four.GroupQuads = groupInputs >> 2;
        four.TapQuads = inputChannelsPerGroup >> 2;
        Int4ProductLoop.Run(w, in four);
    }
}
