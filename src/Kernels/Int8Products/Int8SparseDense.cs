namespace OptimizerBuild.Kernels;

/// <summary>
/// A dense layer whose weights are blocks, of which only those that are not all zero are stored (<see cref="Int8SparseProduct"/>);
/// otherwise as <see cref="Int8Dense"/>.
/// </summary>
internal static class Int8SparseDense
{
    /// <summary>Dense layer with u8 output.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input.</param>
    /// <param name="inputRowStride">Bytes from one input row to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputRowStride">Bytes from one output row to the next.</param>
    /// <param name="weights">Weights offset of the blocks.</param>
    /// <param name="columns">Weights offset of the blocks' places (u16).</param>
    /// <param name="starts">Weights offset of the panels' bounds (s32).</param>
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
    /// 1 where the build has proved from the weights that no sum of two neighbouring products leaves 16 bits, else 0.
    /// </param>
    public static void Run(
        Workspace w,
        int input,
        int inputRowStride,
        int output,
        int outputRowStride,
        int weights,
        int columns,
        int starts,
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
        Int8SparseProduct sparse = default;
        Int8Dense.Describe(
            out sparse.Product, input, inputRowStride, output, outputRowStride, weights, bias, multipliers, rows, inputs, outputs);
        Requantization.ToUInt8(
            out sparse.Product.Requantization, shift, outputZeroPoint, minimum, maximum, ref w.Weight(multipliers),
            sparse.Product.Groups * sparse.Product.PaddedChannels);
        sparse.Product.PairSumsFit = pairSums != 0;
        sparse.Columns = columns;
        sparse.Starts = starts;
        Int8SparseLoop.Run(w, in sparse);
    }

    /// <summary>Dense layer with s32 output (4 bytes an output; strides are bytes). Parameters as in <see cref="Run"/>.</summary>
    public static void RunWide(
        Workspace w,
        int input,
        int inputRowStride,
        int output,
        int outputRowStride,
        int weights,
        int columns,
        int starts,
        int bias,
        int multipliers,
        int shift,
        int rows,
        int inputs,
        int outputs,
        int pairSums)
    {
        Int8SparseProduct sparse = default;
        Int8Dense.Describe(
            out sparse.Product, input, inputRowStride, output, outputRowStride, weights, bias, multipliers, rows, inputs, outputs);
        Requantization.ToInt32(out sparse.Product.Requantization, shift);
        sparse.Product.PairSumsFit = pairSums != 0;
        sparse.Columns = columns;
        sparse.Starts = starts;
        Int8SparseLoop.Run(w, in sparse);
    }
}
