namespace OptimizerBuild.Kernels;

/// <summary>
/// Convolution of u8 feature maps with s8 weights as <see cref="Int8Convolution"/>, with the same weights and the same bytes, for layers of
/// 3×3 taps where one of Winograd's forms takes less time: F(2×2, 3×3) needs four products for nine, F(4×4, 3×3) one for four
/// (<see cref="Int8WinogradLoop"/>). Their products are of 16 bits, so that what pays off depends on whether there is VNNI. On other
/// processors, and on the start-up path, it takes the direct form.
/// </summary>
/// <remarks>S. Winograd, "Arithmetic Complexity of Computations", 1980; A. Lavin and S. Gray, "Fast Algorithms for Convolutional Neural
/// Networks", 2016.</remarks>
internal static class Int8WinogradConvolution
{
    /// <summary>
    /// Input channels up to which four times a sum fits s32, whatever the inputs and weights: 4 · 9 · 255 · 128 · 1,820 is below 2^31.
    /// </summary>
    public const int MaximumInputs = 1820;

    /// <summary>Input channels times output channels up to which the transformed weights are made: 128 MB of them.</summary>
    public const int MaximumKernels = 1 << 22;

    /// <summary>
    /// Whether the transforms apply to a layer: 3×3 taps side by side, one group, whole panels of outputs and whole vectors of inputs.
    /// </summary>
    public static bool IsSupported(
        int groups, int inputChannels, int outputChannels, int kernelHeight, int kernelWidth, int strideHeight, int strideWidth,
        int dilationHeight, int dilationWidth) =>
        groups == 1 && kernelHeight == 3 && kernelWidth == 3 && strideHeight == 1 && strideWidth == 1 && dilationHeight == 1
        && dilationWidth == 1 && (inputChannels & 15) == 0 && (outputChannels & 15) == 0 && inputChannels <= MaximumInputs
        && (long)inputChannels * outputChannels <= MaximumKernels;

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
    /// <param name="weights">Weights offset of the packed weights, as the direct form has them.</param>
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
    /// <param name="tile">
    /// Outputs of a window, in a row and in a column, on processors without VNNI: 0 (the direct form), 2, or 4 where the build has proved
    /// from the weights that every sum of products fits <see cref="Winograd4x4.SumBits"/> bits.
    /// </param>
    /// <param name="vnniTile">The same on processors with AVX-512 VNNI.</param>
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
        int pairSums,
        int tile,
        int vnniTile)
    {
        Int8WinogradProduct product = default;
        Int8Convolution.Describe(
            out product.Direct, input, inputImageStride, inputRowStride, inputPixelStride, output, outputImageStride, outputRowStride,
            outputPixelStride, weights, bias, multipliers, images, outputHeight, outputWidth, groups, inputChannelsPerGroup,
            outputChannelsPerGroup, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight, dilationWidth);
        Requantization.ToUInt8(
            out product.Direct.Requantization, shift, outputZeroPoint, minimum, maximum, ref w.Weight(multipliers),
            product.Direct.Groups * product.Direct.PaddedChannels);
        product.Direct.PairSumsFit = pairSums != 0;
        product.Inputs = inputChannelsPerGroup;
        product.Tile = KernelPath.UsesAvx512Vnni ? vnniTile : KernelPath.UsesAvx512 || KernelPath.UsesAvx2 ? tile : 0;
        if (!w.IsStarting && product.Tile != 0 && IsSupported(
            groups, inputChannelsPerGroup, outputChannelsPerGroup, kernelHeight, kernelWidth, strideHeight, strideWidth, dilationHeight,
            dilationWidth))
        {
            Int8WinogradLoop.Run(w, in product);
        }
        else
        {
            Int8ProductLoop.Run(w, in product.Direct);
        }
    }
}
