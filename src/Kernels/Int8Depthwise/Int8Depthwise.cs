namespace OptimizerBuild.Kernels;

using global::System.Runtime.Intrinsics;

/// <summary>
/// Depthwise convolution (one input channel to each output channel) of u8 feature maps with s8 weights (docs/arithmetic.md, Dot products),
/// vectorised over channels. The padding is the border of the input's buffer.
/// </summary>
/// <remarks>
/// Dot products take four bytes of a lane at once, so four kernel rows of a channel have to stand side by side: the columns of an output
/// row are interleaved once into a scratch memory of the size of a first-level cache, where each serves all kernel columns.
/// Parameters lie as <see cref="Int8DepthwiseLayout"/> says.
/// </remarks>
internal static class Int8Depthwise
{
#if NET9_0_OR_GREATER
    /// <summary>Fewer quads of taps than this are few (3×3 has 3, 7×7 has 14).</summary>
    private const int FewQuads = 8;
#endif

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
        int channels,
        int kernelHeight,
        int kernelWidth,
        int strideHeight,
        int strideWidth,
        int dilationHeight,
        int dilationWidth,
        int pairSums)
    {
        unchecked
        {
            Int8DepthwiseProduct product = default;
            product.Input = input;
            product.InputImageStride = inputImageStride;
            product.InputRowStride = inputRowStride;
            product.InputPixelStride = inputPixelStride;
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
            product.Channels = channels;
            product.KernelHeight = kernelHeight;
            product.KernelWidth = kernelWidth;
            product.StrideHeight = strideHeight;
            product.StrideWidth = strideWidth;
            product.DilationHeight = dilationHeight;
            product.DilationWidth = dilationWidth;
            product.PairSumsFit = pairSums != 0;
            Requantization.ToUInt8(
                out product.Requantization, shift, outputZeroPoint, minimum, maximum, ref w.Weight(multipliers),
                Int8DepthwiseLayout.PaddedChannels(channels));
            if (w.IsStarting)
                Int8DepthwiseStartUpLoop.Run(w, in product);
            else if (w.Threads == 1 || !Int8DepthwiseJob.TryRun(w, in product))
                Run(w, in product);
        }
    }

    /// <summary>Computes the convolution on the process's path and the caller's thread.</summary>
    internal static void Run(Workspace w, in Int8DepthwiseProduct product)
    {
        if (TryColumns(w, in product))
            return;
        int padded = product.PaddedChannels;
        int whole = padded & ~(Int8DepthwiseLayout.Block - 1);
        if (!Vector128.IsHardwareAccelerated)
        {
            Int8DepthwiseScalarLoop.Run(w, in product);
        }
#if NET9_0_OR_GREATER
        else if (KernelPath.UsesAvxVnni)
        {
            int done = Int8DepthwisePlaneLoop.Run(w, in product);

            // With few taps requantisation is what counts, which the loop does in 512 bits.
            if (RequantizedRow.Has512 && product.ColumnQuads * (product.IsRow ? 1 : product.KernelWidth) < FewQuads)
            {
                Int8DepthwiseLoop.Run<AvxVnniDotProduct, Vector256<int>, DepthwiseVector256>(w, in product, done, whole);
                done = done > whole ? done : whole;
            }

            done = Int8DepthwiseAvx2Loop.Run(w, in product, done);
            Int8DepthwiseLoop.Run<AvxVnniDotProduct, Vector256<int>, DepthwiseVector256>(w, in product, done, whole);
            whole = done > whole ? done : whole;
            Int8DepthwiseLoop.Run<AvxVnniDotProduct128, Vector128<int>, DepthwiseVector128>(w, in product, whole, padded);
        }
#endif
        else if (KernelPath.UsesAvx512 || KernelPath.UsesAvx2)
        {
            int done = Int8DepthwiseAvx2Loop.Run(w, in product, 0);
            if (product.PairSumsFit)
                Int8DepthwiseLoop.Run<Avx2PairDotProduct, Vector256<int>, DepthwiseVector256>(w, in product, done, whole);
            else
                Int8DepthwiseLoop.Run<Avx2DotProduct, Vector256<int>, DepthwiseVector256>(w, in product, done, whole);
            whole = done > whole ? done : whole;
            Int8DepthwiseLoop.Run<Vector128DotProduct, Vector128<int>, DepthwiseVector128>(w, in product, whole, padded);
        }
        else if (KernelPath.UsesArmDot)
        {
            Int8DepthwiseLoop.Run<ArmDotProduct, Vector128<int>, DepthwiseVector128>(w, in product, 0, padded);
        }
        else
        {
            Int8DepthwiseLoop.Run<Vector128DotProduct, Vector128<int>, DepthwiseVector128>(w, in product, 0, padded);
        }
    }

    /// <summary>Computes the convolution with columns in registers of 512 bits, where it has this form.</summary>
    private static bool TryColumns(Workspace w, in Int8DepthwiseProduct product)
    {
#if NET11_0_OR_GREATER
        if (KernelPath.UsesAvx512Vnni)
            return Int8DepthwiseColumnLoop.TryRun<DepthwiseColumnQuads>(w, in product);
#endif

        // Without VNNI joining the sixteen channels of four pixels takes what the width wins.
        if (!KernelPath.UsesAvx512 || product.PaddedChannels == 16)
            return false;
        return product.PairSumsFit
            ? Int8DepthwiseColumnLoop.TryRun<DepthwiseColumnPairs>(w, in product)
            : Int8DepthwiseColumnLoop.TryRun<DepthwiseColumnWords>(w, in product);
    }
}
