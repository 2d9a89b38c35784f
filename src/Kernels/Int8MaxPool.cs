namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

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
                    PoolWindow.Clip(
                        (row * strideHeight) - padTop, kernelHeight, dilationHeight, 0, inputHeight, out int firstRow, out int rows);
                    for (int pixel = 0; pixel < outputWidth; pixel++)
                    {
                        PoolWindow.Clip(
                            (pixel * strideWidth) - padLeft, kernelWidth, dilationWidth, 0, inputWidth, out int firstPixel, out int pixels);
                        int source = input + (image * inputImageStride) + (firstRow * inputRowStride) + (firstPixel * inputPixelStride);
                        int target = output + (image * outputImageStride) + (row * outputRowStride) + (pixel * outputPixelStride);
                        ByteMaximum.Reduce(
                            ref w.Arena(source), rows, dilationHeight * inputRowStride, pixels, dilationWidth * inputPixelStride,
                            ref w.Arena(target), channels);
                    }
                }
            }
        }
    }
}
