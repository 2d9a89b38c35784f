namespace OptimizerBuild.Kernels;

/// <summary>
/// A convolution, or rows times weights, whose inputs are signs and whose weights are signs times a scale for each output: products of
/// signs are exclusive or, and their sum is the number of inputs other than zero less twice the number of differing bits
/// (M. Rastegari et al., "XNOR-Net", arXiv 1603.05279, section 3.2). The sum is exact; scale and bias are float32.
/// </summary>
internal static class SignConvolution
{
    /// <summary>Computes the layer.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="negative">
    /// Arena offset of the plane of negative inputs (<see cref="SignPlanes"/>) at the top-left tap of output (0, 0), that is, in the border
    /// where there is padding.
    /// </param>
    /// <param name="nonzero">The same place in the plane of inputs that are not zero, which has the same strides.</param>
    /// <param name="inputImageStride">Bytes from one image of a plane to the next.</param>
    /// <param name="inputRowStride">Bytes from one row of a plane to the next.</param>
    /// <param name="inputPixelStride">Bytes from one pixel of a plane to the next.</param>
    /// <param name="output">Arena offset of the first output (float32).</param>
    /// <param name="outputImageStride">Bytes from one output image to the next.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="outputPixelStride">Bytes from one output pixel to the next.</param>
    /// <param name="weights">Weights offset of the signs, in panels of 8 outputs.</param>
    /// <param name="scales">Weights offset of the scales (float32, rounded up to 8 outputs).</param>
    /// <param name="bias">Weights offset of the biases (float32, rounded up to 8 outputs).</param>
    /// <param name="minimum">The least output: the fused activation's lower bound.</param>
    /// <param name="maximum">The greatest output: the fused activation's upper bound.</param>
    /// <param name="images">Number of images.</param>
    /// <param name="outputHeight">Output rows.</param>
    /// <param name="outputWidth">Output pixels of a row.</param>
    /// <param name="inputs">Input channels.</param>
    /// <param name="outputs">Output channels.</param>
    /// <param name="kernelHeight">Kernel rows.</param>
    /// <param name="kernelWidth">Taps of a kernel row.</param>
    /// <param name="strideHeight">Input rows from one output row to the next.</param>
    /// <param name="strideWidth">Input pixels from one output pixel to the next.</param>
    /// <param name="dilationHeight">Input rows from one kernel row to the next.</param>
    /// <param name="dilationWidth">Input pixels from one tap to the next.</param>
    public static void Run(
        Workspace w,
        int negative,
        int nonzero,
        int inputImageStride,
        int inputRowStride,
        int inputPixelStride,
        int output,
        int outputImageStride,
        int outputRowStride,
        int outputPixelStride,
        int weights,
        int scales,
        int bias,
        float minimum,
        float maximum,
        int images,
        int outputHeight,
        int outputWidth,
        int inputs,
        int outputs,
        int kernelHeight,
        int kernelWidth,
        int strideHeight,
        int strideWidth,
        int dilationHeight,
        int dilationWidth)
    {
        unchecked
        {
            // Taps that follow one another without gaps are one run.
            int pixelBytes = SignPlanes.PixelBytes(inputs);
            bool isJoined = dilationWidth == 1 && inputPixelStride == pixelBytes;
            SignProduct product = default;
            product.Negative = negative;
            product.Nonzero = nonzero;
            product.InputImageStep = inputImageStride;
            product.InputRowStep = inputRowStride * strideHeight;
            product.InputPixelStep = inputPixelStride * strideWidth;
            product.TapRowStep = inputRowStride * dilationHeight;
            product.RunStep = inputPixelStride * dilationWidth;
            product.KernelRows = kernelHeight;
            product.Runs = isJoined ? 1 : kernelWidth;
            product.RunBytes = isJoined ? pixelBytes * kernelWidth : pixelBytes;
            product.Words = ((pixelBytes * kernelHeight * kernelWidth) + 7) >> 3;
            product.Terms = inputs * kernelHeight * kernelWidth;
            product.Output = output;
            product.OutputImageStride = outputImageStride;
            product.OutputRowStride = outputRowStride;
            product.OutputPixelStride = outputPixelStride;
            product.Weights = weights;
            product.Scales = scales;
            product.Biases = bias;
            product.Minimum = minimum;
            product.Maximum = maximum;
            product.Images = images;
            product.Height = outputHeight;
            product.Width = outputWidth;
            product.Outputs = outputs;
            if (w.Threads <= 1 || !SignProductJob.TryRun(w, in product))
                SignLoop.Run(w, in product, 0, product.Panels);
        }
    }
}
