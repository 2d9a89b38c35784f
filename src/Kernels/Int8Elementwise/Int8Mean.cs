namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Sum or mean over a part of a u8 tensor (GlobalAveragePool, ReduceMean, ReduceSum): the multiplier contains 1/count where a mean is
/// wanted
/// (docs/arithmetic.md, Pooling and reductions).
/// </summary>
internal static class Int8Mean
{
    /// <summary>Reduces [outer][reducedRows][reducedColumns][inner] to [outer][inner].</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input.</param>
    /// <param name="inputOuterStride">Bytes from one outer index to the next.</param>
    /// <param name="inputRowStride">Bytes from one reduced row to the next.</param>
    /// <param name="inputColumnStride">Bytes from one reduced column to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputOuterStride">Bytes from one outer index to the next.</param>
    /// <param name="multiplier">The requantisation's multiplier.</param>
    /// <param name="shift">The requantisation's right shift, 1…62.</param>
    /// <param name="inputZeroPoint">The input's zero point.</param>
    /// <param name="outputZeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
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
        int multiplier,
        int shift,
        int inputZeroPoint,
        int outputZeroPoint,
        int minimum,
        int maximum,
        int outer,
        int reducedRows,
        int reducedColumns,
        int inner)
    {
        unchecked
        {
            Requantization requantization = Requantization.ToUInt8(shift, outputZeroPoint, minimum, maximum);
            if (w.IsStarting)
            {
                for (int o = 0; o < outer; o++)
                {
                    ByteSums.Single(
                        ref w.Arena(input + (o * inputOuterStride)), reducedRows, inputRowStride, reducedColumns, inputColumnStride,
                        inputZeroPoint, multiplier, in requantization, ref w.Arena(output + (o * outputOuterStride)), inner);
                }

                return;
            }

            Reduce(
                w, input, inputOuterStride, inputRowStride, inputColumnStride, output, outputOuterStride, multiplier, inputZeroPoint,
                in requantization, outer, reducedRows, reducedColumns, inner);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Reduce(
        Workspace w, int input, int inputOuterStride, int inputRowStride, int inputColumnStride, int output, int outputOuterStride,
        int multiplier, int inputZeroPoint, in Requantization requantization, int outer, int reducedRows, int reducedColumns, int inner)
    {
        unchecked
        {
            Span<int> sums = stackalloc int[ByteSums.Block];
            Span<int> multipliers = stackalloc int[ByteSums.Block];
            multipliers.Fill(multiplier);
            for (int o = 0; o < outer; o++)
            {
                ByteSums.Reduce(
                    ref w.Arena(0), input + (o * inputOuterStride), reducedRows, inputRowStride, reducedColumns, inputColumnStride,
                    inputZeroPoint, sums, multipliers, in requantization, output + (o * outputOuterStride), inner);
            }
        }
    }
}
