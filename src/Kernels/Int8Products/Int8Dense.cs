namespace OptimizerBuild.Kernels;

/// <summary>
/// A dense layer (Gemm, MatMul with constant weights): rows of u8 inputs times s8 weights (docs/arithmetic.md, Dot products). One row
/// streams the weights once; several rows share them by register tiles. Weights are packed by <c>Int8Packing</c> as one segment.
/// </summary>
internal static class Int8Dense
{
    /// <summary>Dense layer with u8 output.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="weights">Weights offset of the packed weights.</param>
    /// <param name="bias">Weights offset of the biases, zero-point correction included (s32, rounded up to 8 outputs).</param>
    /// <param name="multipliers">Weights offset of the multipliers (s32, rounded up to 8 outputs).</param>
    /// <param name="shift">The requantisation's right shift, 1…62.</param>
    /// <param name="outputZeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    /// <param name="rows">Number of rows.</param>
    /// <param name="inputs">Inputs of a row.</param>
    /// <param name="outputs">Outputs of a row.</param>
    /// <param name="pairSums">
    /// 1 where the build has proved from the packed weights that no sum of two neighbouring products leaves 16 bits, else 0.
    /// </param>
    public static void Run(
        Workspace w,
        int input,
        int inputRowStride,
        int output,
        int outputRowStride,
        int weights,
        int bias,
        int multipliers,
        int shift,
        int outputZeroPoint,
        int minimum,
        int maximum,
        int rows,
        int inputs,
        int outputs,
        int pairSums)
    {
        Describe(
            out Int8Product product, input, inputRowStride, output, outputRowStride, weights, bias, multipliers, rows, inputs, outputs);
        Requantization.ToUInt8(
            out product.Requantization, shift, outputZeroPoint, minimum, maximum, ref w.Weight(multipliers),
            product.Groups * product.PaddedChannels);
        product.PairSumsFit = pairSums != 0;
        Int8ProductLoop.Run(w, in product);
    }

    /// <summary>Dense layer with s32 output (4 bytes an output; strides are bytes). Parameters as in <see cref="Run"/>.</summary>
    public static void RunWide(
        Workspace w,
        int input,
        int inputRowStride,
        int output,
        int outputRowStride,
        int weights,
        int bias,
        int multipliers,
        int shift,
        int rows,
        int inputs,
        int outputs,
        int pairSums)
    {
        Describe(
            out Int8Product product, input, inputRowStride, output, outputRowStride, weights, bias, multipliers, rows, inputs, outputs);
        Requantization.ToInt32(out product.Requantization, shift);
        product.PairSumsFit = pairSums != 0;
        Int8ProductLoop.Run(w, in product);
    }

    /// <summary>
    /// The matrix product that a dense layer is; its requantisation is left to the caller. It is written where it belongs, as that is.
    /// </summary>
    internal static void Describe(
        out Int8Product product, int input, int inputRowStride, int output, int outputRowStride, int weights, int bias, int multipliers,
        int rows, int inputs, int outputs)
    {
        product = default;
        product.Input = input;
        product.InputPixelStep = inputRowStride;
        product.Output = output;
        product.OutputPixelStride = outputRowStride;
        product.Weights = weights;
        product.Bias = bias;
        product.Multipliers = multipliers;
        product.Images = 1;
        product.Height = 1;
        product.Width = rows;
        product.Groups = 1;
        product.Channels = outputs;
        product.SegmentRows = 1;
        product.SegmentColumns = 1;
        product.SegmentQuads = unchecked((inputs + 3) >> 2);
    }
}
