namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Softmax in fixed point (docs/arithmetic.md): rows of u8 or s32 values to probabilities as u8 (scale 1/256, zero point 0) or s32 (scale
/// 2^−30).
/// </summary>
/// <remarks>
/// A row is <c>length</c> elements <c>step</c> bytes apart; there are <c>inner</c> rows side by side, each one element further, and
/// <c>outer</c> such sets <c>outerStride</c> bytes apart. Input and output must not overlap.
/// </remarks>
internal static class Int8Softmax
{
    /// <summary>u8 in, u8 out.</summary>
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
    public static void UInt8ToUInt8(
        Workspace w,
        int input,
        int inputOuterStride,
        int inputStep,
        int output,
        int outputOuterStride,
        int outputStep,
        int multiplier,
        int shift,
        int outer,
        int length,
        int inner) =>
        Rows(
            w, input, inputOuterStride, inputStep, false, output, outputOuterStride, outputStep, false, multiplier, shift, outer, length,
            inner);

    /// <summary>u8 in, s32 out. Parameters as in <see cref="UInt8ToUInt8"/>.</summary>
    public static void UInt8ToInt32(
        Workspace w,
        int input,
        int inputOuterStride,
        int inputStep,
        int output,
        int outputOuterStride,
        int outputStep,
        int multiplier,
        int shift,
        int outer,
        int length,
        int inner) =>
        Rows(
            w, input, inputOuterStride, inputStep, false, output, outputOuterStride, outputStep, true, multiplier, shift, outer, length,
            inner);

    /// <summary>s32 in, u8 out. Parameters as in <see cref="UInt8ToUInt8"/>.</summary>
    public static void Int32ToUInt8(
        Workspace w,
        int input,
        int inputOuterStride,
        int inputStep,
        int output,
        int outputOuterStride,
        int outputStep,
        int multiplier,
        int shift,
        int outer,
        int length,
        int inner) =>
        Rows(
            w, input, inputOuterStride, inputStep, true, output, outputOuterStride, outputStep, false, multiplier, shift, outer, length,
            inner);

    /// <summary>s32 in, s32 out. Parameters as in <see cref="UInt8ToUInt8"/>.</summary>
    public static void Int32ToInt32(
        Workspace w,
        int input,
        int inputOuterStride,
        int inputStep,
        int output,
        int outputOuterStride,
        int outputStep,
        int multiplier,
        int shift,
        int outer,
        int length,
        int inner) =>
        Rows(
            w, input, inputOuterStride, inputStep, true, output, outputOuterStride, outputStep, true, multiplier, shift, outer, length,
            inner);

    /// <summary>All rows.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows(
        Workspace w,
        int input,
        int inputOuterStride,
        int inputStep,
        bool inputIsWide,
        int output,
        int outputOuterStride,
        int outputStep,
        bool outputIsWide,
        int multiplier,
        int shift,
        int outer,
        int length,
        int inner)
    {
        unchecked
        {
            for (int o = 0; o < outer; o++)
            {
                for (int i = 0; i < inner; i++)
                {
                    int source = input + (o * inputOuterStride) + (inputIsWide ? i * 4 : i);
                    int target = output + (o * outputOuterStride) + (outputIsWide ? i * 4 : i);
                    Row(w, source, inputStep, inputIsWide, target, outputStep, outputIsWide, multiplier, shift, length);
                }
            }
        }
    }

    /// <summary>One row. The powers are computed twice instead of stored, because there is nowhere to put them in a u8 output.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row(
        Workspace w, int source, int inputStep, bool inputIsWide, int target, int outputStep, bool outputIsWide, int multiplier, int shift,
        int length)
    {
        unchecked
        {
            long greatest = long.MinValue;
            for (int k = 0; k < length; k++)
            {
                int value = Read(w, source + (k * inputStep), inputIsWide);
                greatest = value > greatest ? value : greatest;
            }

            ulong sum = 0;
            for (int k = 0; k < length; k++)
                sum += (uint)FixedPointExponential.Evaluate(greatest - Read(w, source + (k * inputStep), inputIsWide), multiplier, shift);

            for (int k = 0; k < length; k++)
            {
                uint e = (uint)FixedPointExponential.Evaluate(greatest - Read(w, source + (k * inputStep), inputIsWide), multiplier, shift);
                uint p = (uint)(((ulong)e << 30) / sum);
                if (outputIsWide)
                    Unsafe.WriteUnaligned(ref w.Arena(target + (k * outputStep)), p);
                else
                    w.Arena(target + (k * outputStep)) = (byte)((p + (1u << 21)) >> 22 > 255 ? 255 : (p + (1u << 21)) >> 22);
            }
        }
    }

    /// <summary>One input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Read(Workspace w, int offset, bool isWide) =>
        isWide ? Unsafe.ReadUnaligned<int>(ref w.Arena(offset)) : w.Arena(offset);
}
