namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>Mean over windows of a u8 feature map (docs/arithmetic.md, Pooling and reductions).</summary>
internal static class Int8AveragePool
{
    /// <summary>Average pooling. One-dimensional maps have height 1.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first interior input, pixel (0, 0).</param>
    /// <param name="inputImageStride">Bytes from one input image to the next.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="inputPixelStride">Bytes from one input pixel to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="outputPixelStride">Bytes from one output pixel to the next.</param>
    /// <param name="multipliers">Weights offset of one multiplier (s32) for each count 1, 2, … kernelHeight · kernelWidth.</param>
    /// <param name="shift">The requantisation's right shift, 1…62.</param>
    /// <param name="inputZeroPoint">The input's zero point.</param>
    /// <param name="outputZeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
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
    /// <param name="countTop">Rows above the input that count as elements of value 0: padTop with count_include_pad, else 0.</param>
    /// <param name="countLeft">Pixels left of the input that count.</param>
    /// <param name="countBottom">Rows below the input that count.</param>
    /// <param name="countRight">Pixels right of the input that count.</param>
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
        int multipliers,
        int shift,
        int inputZeroPoint,
        int outputZeroPoint,
        int minimum,
        int maximum,
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
        int padLeft,
        int countTop,
        int countLeft,
        int countBottom,
        int countRight)
    {
        unchecked
        {
            Requantization requantization = Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum);
            Span<int> sums = stackalloc int[ByteSums.Block];
            Span<int> perChannel = stackalloc int[ByteSums.Block];
            int lastCount = 0;
            for (int image = 0; image < images; image++)
            {
                for (int row = 0; row < outputHeight; row++)
                {
                    int top = (row * strideHeight) - padTop;
                    var rows = new PoolingWindow(top, kernelHeight, dilationHeight, 0, inputHeight);
                    int countedRows = new PoolingWindow(top, kernelHeight, dilationHeight, -countTop, inputHeight + countBottom).Count;
                    int rowSource = input + (image * inputImageStride) + (rows.Start(dilationHeight) * inputRowStride);
                    for (int pixel = 0; pixel < outputWidth; pixel++)
                    {
                        int left = (pixel * strideWidth) - padLeft;
                        var pixels = new PoolingWindow(left, kernelWidth, dilationWidth, 0, inputWidth);
                        int countedPixels = new PoolingWindow(
                            left, kernelWidth, dilationWidth, -countLeft, inputWidth + countRight).Count;
                        int count = Math.Max(countedRows * countedPixels, 1);
                        int multiplier = Unsafe.ReadUnaligned<int>(ref w.Weight(multipliers + ((count - 1) * 4)));
                        int source = rowSource + (pixels.Start(dilationWidth) * inputPixelStride);
                        int target = output + (image * outputImageStride) + (row * outputRowStride) + (pixel * outputPixelStride);
                        if (w.IsStarting)
                        {
                            ByteSums.Single(
                                ref w.Arena(source), rows.Count, dilationHeight * inputRowStride, pixels.Count,
                                dilationWidth * inputPixelStride, inputZeroPoint, multiplier, in requantization, ref w.Arena(target),
                                channels);
                            continue;
                        }

                        if (count != lastCount)
                        {
                            perChannel.Fill(multiplier);
                            lastCount = count;
                        }

                        ByteSums.Reduce(
                            ref w.Arena(0),
                            source,
                            rows.Count,
                            dilationHeight * inputRowStride,
                            pixels.Count,
                            dilationWidth * inputPixelStride,
                            inputZeroPoint,
                            sums,
                            perChannel,
                            in requantization,
                            target,
                            channels);
                    }
                }
            }
        }
    }
}
