namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// LogSoftmax in fixed point (docs/arithmetic.md): rows of u8 or s32 values to logarithms of probabilities as s32 of scale ln 2 · 2^−16.
/// </summary>
/// <remarks>
/// A row is <c>length</c> elements <c>step</c> bytes apart; there are <c>inner</c> rows side by side, each one element further, and
/// <c>outer</c> such sets <c>outerStride</c> bytes apart. Input and output must not overlap.
/// </remarks>
internal static class Int8LogSoftmax
{
    /// <summary>The greatest distance in Q16, which no logarithm goes below.</summary>
    private const ulong Saturation = 1ul << 30;

    /// <summary>u8 in.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Arena offset of the first input.</param>
    /// <param name="inputOuterStride">Bytes from one outer index to the next.</param>
    /// <param name="inputStep">Bytes from one element of a row to the next.</param>
    /// <param name="output">Arena offset of the first output.</param>
    /// <param name="outputOuterStride">Bytes from one outer index to the next.</param>
    /// <param name="outputStep">Bytes from one element of a row to the next.</param>
    /// <param name="multiplier">The multiplier L of scale · log2(e) in Q16, 0…2^31 − 1.</param>
    /// <param name="shift">Its right shift l, 1…62.</param>
    /// <param name="outer">Number of outer indices.</param>
    /// <param name="length">Elements of a row.</param>
    /// <param name="inner">Rows side by side.</param>
    public static void UInt8ToInt32(
        Workspace w, int input, int inputOuterStride, int inputStep, int output, int outputOuterStride, int outputStep, int multiplier,
        int shift, int outer, int length, int inner) =>
        Rows(w, input, inputOuterStride, inputStep, 1, output, outputOuterStride, outputStep, multiplier, shift, outer, length, inner);

    /// <summary>s32 in. Parameters as in <see cref="UInt8ToInt32"/>.</summary>
    public static void Int32ToInt32(
        Workspace w, int input, int inputOuterStride, int inputStep, int output, int outputOuterStride, int outputStep, int multiplier,
        int shift, int outer, int length, int inner) =>
        Rows(w, input, inputOuterStride, inputStep, 4, output, outputOuterStride, outputStep, multiplier, shift, outer, length, inner);

    private static void Rows(
        Workspace w, int input, int inputOuterStride, int inputStep, int inputSize, int output, int outputOuterStride, int outputStep,
        int multiplier, int shift, int outer, int length, int inner)
    {
        unchecked
        {
            for (int o = 0; o < outer; o++)
            {
                for (int i = 0; i < inner; i++)
                {
                    Row(
                        w, input + (o * inputOuterStride) + (i * inputSize), inputStep, inputSize,
                        output + (o * outputOuterStride) + (i * 4), outputStep, multiplier, shift, length);
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(
        Workspace w, int source, int inputStep, int inputSize, int target, int outputStep, int multiplier, int shift, int length)
    {
        unchecked
        {
            long greatest = long.MinValue;
            for (int k = 0; k < length; k++)
                greatest = Math.Max(greatest, Read(w, source + (k * inputStep), inputSize));
            ulong sum = 0;
            for (int k = 0; k < length; k++)
                sum += (uint)FixedPointExponential.Evaluate(greatest - Read(w, source + (k * inputStep), inputSize), multiplier, shift);
            int ofSum = FixedPointLogarithm.Evaluate(sum);
            for (int k = 0; k < length; k++)
            {
                ulong distance = (ulong)(greatest - Read(w, source + (k * inputStep), inputSize));
                ulong scaled = ((distance * (uint)multiplier) + (1ul << (shift - 1))) >> shift;
                int t = (int)(scaled < Saturation ? scaled : Saturation);
                Unsafe.WriteUnaligned(ref w.Arena(target + (k * outputStep)), -(t + ofSum));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Read(Workspace w, int offset, int size) =>
        size == 4 ? Unsafe.ReadUnaligned<int>(ref w.Arena(offset)) : w.Arena(offset);
}
