namespace OptimizerBuild.Kernels;

/// <summary>
/// Greatest value over a part of a u8 tensor (GlobalMaxPool, ReduceMax); input and output have the same scale and zero point.
/// </summary>
internal static class Int8Max
{
    /// <summary>Reduces [outer][reducedRows][reducedColumns][inner] to [outer][inner].</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input.</param>
    /// <param name="inputOuterStride">Bytes from one outer index to the next.</param>
    /// <param name="inputRowStride">Bytes from one reduced row to the next.</param>
    /// <param name="inputColumnStride">Bytes from one reduced column to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputOuterStride">Bytes from one outer index to the next.</param>
    /// <param name="outer">Number of outer indices.</param>
    /// <param name="reducedRows">Number of reduced rows; 1 where the reduced elements have one stride.</param>
    /// <param name="reducedColumns">Number of reduced columns.</param>
    /// <param name="inner">Adjacent elements that are reduced each for itself.</param>
    public static void Run(
        Workspace w,
        int input,
        int inputOuterStride,
        int inputRowStride,
        int inputColumnStride,
        int output,
        int outputOuterStride,
        int outer,
        int reducedRows,
        int reducedColumns,
        int inner)
    {
        unchecked
        {
            for (int o = 0; o < outer; o++)
            {
                ByteMaximum.Reduce(
                    w.IsStarting, ref w.Arena(input + (o * inputOuterStride)), reducedRows, inputRowStride, reducedColumns,
                    inputColumnStride, ref w.Arena(output + (o * outputOuterStride)), inner);
            }
        }
    }
}
