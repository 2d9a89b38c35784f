namespace OptimizerBuild.Kernels;

/// <summary>
/// A dense layer whose weights are four bits each in memory, perhaps times a factor for each output and group of inputs
/// (<see cref="Int4Product"/>); otherwise as <see cref="Int8Dense"/>. The inputs of a row are a multiple of four.
/// </summary>
internal static class Int4Dense
{
    /// <summary>Dense layer with u8 output.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="weights">Weights offset of the packed codes.</param>
    /// <param name="factors">Weights offset of the factors; of no meaning where there are none.</param>
    /// <param name="groupInputs">Inputs that share a factor, a multiple of 4; 0 where there are no factors.</param>
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
        int factors,
        int groupInputs,
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
        Int4Product four = default;
        Int8Dense.Describe(
            out four.Product, input, inputRowStride, output, outputRowStride, weights, bias, multipliers, rows, inputs, outputs);
        Requantization.ToUInt8(
            out four.Product.Requantization, shift, outputZeroPoint, minimum, maximum, ref w.Weight(multipliers),
            four.Product.Groups * four.Product.PaddedChannels);
        four.Product.PairSumsFit = pairSums != 0;
        four.Factors = factors;
        four.GroupQuads = groupInputs >> 2;
        four.TapQuads = inputs >> 2;
        Int4ProductLoop.Run(w, in four);
    }

    /// <summary>Dense layer with s32 output (4 bytes an output; strides are bytes). Parameters as in <see cref="Run"/>.</summary>
    public static void RunWide(
        Workspace w,
        int input,
        int inputRowStride,
        int output,
        int outputRowStride,
        int weights,
        int factors,
        int groupInputs,
        int bias,
        int multipliers,
        int shift,
        int rows,
        int inputs,
        int outputs,
        int pairSums)
    {
        Int4Product four = default;
        Int8Dense.Describe(
            out four.Product, input, inputRowStride, output, outputRowStride, weights, bias, multipliers, rows, inputs, outputs);
        Requantization.ToInt32(out four.Product.Requantization, shift);
        four.Product.PairSumsFit = pairSums != 0;
        four.Factors = factors;
        four.GroupQuads = groupInputs >> 2;
        four.TapQuads = inputs >> 2;
        Int4ProductLoop.Run(w, in four);
    }
}
