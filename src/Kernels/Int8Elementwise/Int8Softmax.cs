namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;

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
    /// <summary>How many distances there are between u8 values.</summary>
    private const int Distances = 256;

    /// <summary>Up to this length rows have sums of at most 2^38 (<see cref="Rounded"/>).</summary>
    private const int LongestShortRow = 256;

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
            // u8 distances are few: with enough elements their powers, or the probabilities themselves, come from a table.
            if (!inputIsWide && (long)outer * inner * length >= 2 * Distances)
            {
                Span<int> powers = stackalloc int[Distances];
                for (int distance = 0; distance < powers.Length; distance++)
                    powers[distance] = FixedPointExponential.Evaluate(distance, multiplier, shift);
                if (length == 2)
                    Pairs(w, input, inputOuterStride, inputStep, output, outputOuterStride, outputStep, outputIsWide, powers, outer, inner);
                else if (!outputIsWide && length <= LongestShortRow)
                {
                    ShortRows(
                        w, input, inputOuterStride, inputStep, output, outputOuterStride, outputStep, powers, outer, length, inner);
                }
                else
                {
                    Bytes(
                        w, input, inputOuterStride, inputStep, output, outputOuterStride, outputStep, outputIsWide, powers, outer, length,
                        inner);
                }

                return;
            }

            for (int o = 0; o < outer; o++)
            {
                for (int i = 0; i < inner; i++)
                {
                    int source = input + (o * inputOuterStride) + (inputIsWide ? i * 4 : i);
                    int target = output + (o * outputOuterStride) + (outputIsWide ? i * 4 : i);
                    if (outputIsWide)
                        RowToInt32(w, source, inputStep, inputIsWide, target, outputStep, multiplier, shift, length);
                    else
                        RowToUInt8(w, source, inputStep, inputIsWide, target, outputStep, multiplier, shift, length);
                }
            }
        }
    }

    /// <summary>One row to u8. The powers are computed twice instead of stored, because there is nowhere to put them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowToUInt8(
        Workspace w, int source, int inputStep, bool inputIsWide, int target, int outputStep, int multiplier, int shift, int length)
    {
        unchecked
        {
            long greatest = Greatest(w, source, inputStep, inputIsWide, length);
            ulong sum = 0;
            for (int k = 0; k < length; k++)
                sum += (uint)FixedPointExponential.Evaluate(greatest - Read(w, source + (k * inputStep), inputIsWide), multiplier, shift);

            double reciprocal = 1.0 / sum;
            for (int k = 0; k < length; k++)
            {
                uint e = (uint)FixedPointExponential.Evaluate(greatest - Read(w, source + (k * inputStep), inputIsWide), multiplier, shift);
                w.Arena(target + (k * outputStep)) = Narrow(Quotient(e, sum, reciprocal));
            }
        }
    }

    /// <summary>One row to s32, whose place holds the powers meanwhile.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RowToInt32(
        Workspace w, int source, int inputStep, bool inputIsWide, int target, int outputStep, int multiplier, int shift, int length)
    {
        unchecked
        {
            long greatest = Greatest(w, source, inputStep, inputIsWide, length);
            ulong sum = 0;
            for (int k = 0; k < length; k++)
            {
                uint e = (uint)FixedPointExponential.Evaluate(greatest - Read(w, source + (k * inputStep), inputIsWide), multiplier, shift);
                Unsafe.WriteUnaligned(ref w.Arena(target + (k * outputStep)), e);
                sum += e;
            }

            double reciprocal = 1.0 / sum;
            for (int k = 0; k < length; k++)
            {
                ref byte place = ref w.Arena(target + (k * outputStep));
                Unsafe.WriteUnaligned(ref place, Quotient(Unsafe.ReadUnaligned<uint>(ref place), sum, reciprocal));
            }
        }
    }

    /// <summary>Rows of u8, whose powers are known for each distance.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Bytes(
        Workspace w,
        int input,
        int inputOuterStride,
        int inputStep,
        int output,
        int outputOuterStride,
        int outputStep,
        bool outputIsWide,
        ReadOnlySpan<int> powers,
        int outer,
        int length,
        int inner)
    {
        unchecked
        {
            ref int power = ref MemoryMarshal.GetReference(powers);
            for (int o = 0; o < outer; o++)
            {
                for (int i = 0; i < inner; i++)
                {
                    int source = input + (o * inputOuterStride) + i;
                    int target = output + (o * outputOuterStride) + (outputIsWide ? i * 4 : i);
                    int greatest = (int)Greatest(w, source, inputStep, false, length);
                    ulong sum = 0;
                    for (int k = 0; k < length; k++)
                        sum += (uint)Unsafe.Add(ref power, greatest - w.Arena(source + (k * inputStep)));
                    double reciprocal = 1.0 / sum;
                    for (int k = 0; k < length; k++)
                    {
                        uint e = (uint)Unsafe.Add(ref power, greatest - w.Arena(source + (k * inputStep)));
                        uint p = Quotient(e, sum, reciprocal);
                        if (outputIsWide)
                            Unsafe.WriteUnaligned(ref w.Arena(target + (k * outputStep)), p);
                        else
                            w.Arena(target + (k * outputStep)) = Narrow(p);
                    }
                }
            }
        }
    }

    /// <summary>Rows of u8 to u8, whose powers are known for each distance and whose sums are below 2^38.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ShortRows(
        Workspace w,
        int input,
        int inputOuterStride,
        int inputStep,
        int output,
        int outputOuterStride,
        int outputStep,
        ReadOnlySpan<int> powers,
        int outer,
        int length,
        int inner)
    {
        unchecked
        {
            ref int power = ref MemoryMarshal.GetReference(powers);
            for (int o = 0; o < outer; o++)
            {
                for (int i = 0; i < inner; i++)
                {
                    ref byte source = ref w.Arena(input + (o * inputOuterStride) + i);
                    ref byte target = ref w.Arena(output + (o * outputOuterStride) + i);
                    int greatest = 0;
                    for (int k = 0; k < length; k++)
                    {
                        int value = Unsafe.Add(ref source, (nint)(k * inputStep));
                        greatest = value > greatest ? value : greatest;
                    }

                    // Distances fall where values rise.
                    ref int zero = ref Unsafe.Add(ref power, greatest);
                    long sum = 0;
                    for (int k = 0; k < length; k++)
                        sum += Unsafe.Subtract(ref zero, (int)Unsafe.Add(ref source, (nint)(k * inputStep)));
                    double scale = 256.0 / sum;
                    for (int k = 0; k < length; k++)
                    {
                        Unsafe.Add(ref target, (nint)(k * outputStep)) =
                            Rounded(Unsafe.Subtract(ref zero, (int)Unsafe.Add(ref source, (nint)(k * inputStep))), scale);
                    }
                }
            }
        }
    }

    /// <summary>A probability as u8: <c>min(255, floor(256 · e / sum + 1/2))</c>, which narrowing the quotient in Q30 gives.</summary>
    /// <remarks>
    /// For sums of up to 2^38 a number that is no integer before it is rounded down lies 2^−39 or more below the next one. The three
    /// roundings here change it by less than 2^−43, and what is added beyond a half, 2^−41, is more than that and less than the gap.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Rounded(int e, double scale)
    {
        const double Half = 0.5 + (1.0 / (1L << 41));
        int p = (int)((e * scale) + Half);
        return unchecked((byte)(p > 255 ? 255 : p));
    }

    /// <summary>Rows of two u8: a probability depends on nothing but how far a value is above the other.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Pairs(
        Workspace w,
        int input,
        int inputOuterStride,
        int inputStep,
        int output,
        int outputOuterStride,
        int outputStep,
        bool outputIsWide,
        ReadOnlySpan<int> powers,
        int outer,
        int inner)
    {
        unchecked
        {
            // Both probabilities side by side: of the value that is so much above the other, then of the other one.
            Span<ulong> table = stackalloc ulong[(2 * Distances) - 1];
            ref ulong even = ref table[Distances - 1];
            for (int distance = 0; distance < Distances; distance++)
            {
                uint e = (uint)powers[distance];
                ulong sum = (1ul << 30) + e;
                uint lesser = Quotient(e, sum, 1.0 / sum);

                // Before rounding down both make 2^30 together.
                uint greater = (1u << 30) - lesser - (((ulong)e << 30) == lesser * sum ? 0u : 1u);
                if (!outputIsWide)
                {
                    lesser = Narrow(lesser);
                    greater = Narrow(greater);
                }

                Unsafe.Subtract(ref even, distance) = lesser | ((ulong)greater << 32);
                Unsafe.Add(ref even, distance) = greater | ((ulong)lesser << 32);
            }

            ref byte source = ref w.Arena(input);
            ref byte target = ref w.Arena(output);
            if (inner == 1 && outputIsWide && outputStep == 4)
            {
                for (int o = 0; o < outer; o++)
                {
                    Unsafe.WriteUnaligned(ref target, Unsafe.Add(ref even, source - Unsafe.Add(ref source, inputStep)));
                    source = ref Unsafe.Add(ref source, inputOuterStride);
                    target = ref Unsafe.Add(ref target, outputOuterStride);
                }

                return;
            }

            for (int o = 0; o < outer; o++)
            {
                for (int i = 0; i < inner; i++)
                {
                    ulong both = Unsafe.Add(ref even, Unsafe.Add(ref source, i) - Unsafe.Add(ref source, i + inputStep));
                    if (outputIsWide)
                    {
                        Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, i * 4), (uint)both);
                        Unsafe.WriteUnaligned(ref Unsafe.Add(ref target, (i * 4) + outputStep), (uint)(both >> 32));
                    }
                    else
                    {
                        Unsafe.Add(ref target, i) = (byte)both;
                        Unsafe.Add(ref target, i + outputStep) = (byte)(both >> 32);
                    }
                }

                source = ref Unsafe.Add(ref source, inputOuterStride);
                target = ref Unsafe.Add(ref target, outputOuterStride);
            }
        }
    }

    /// <summary>The greatest value of a row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static long Greatest(Workspace w, int source, int inputStep, bool inputIsWide, int length)
    {
        unchecked
        {
            long greatest = long.MinValue;
            for (int k = 0; k < length; k++)
            {
                int value = Read(w, source + (k * inputStep), inputIsWide);
                greatest = value > greatest ? value : greatest;
            }

            return greatest;
        }
    }

    /// <summary>floor(e · 2^30 / sum), for e up to 2^30 and no greater than the sum.</summary>
    /// <remarks>
    /// The product with the reciprocal is off by less than 2^30 · 2^(−51), so that the quotient is right or, beside an integer, wrong by
    /// one, which the remainder shows. Divisions of 64-bit integers take far longer.
    /// </remarks>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Quotient(uint e, ulong sum, double reciprocal)
    {
        unchecked
        {
            long quotient = (long)(e * (double)(1L << 30) * reciprocal);
            long remainder = ((long)e << 30) - (quotient * (long)sum);
            if (remainder < 0)
                quotient--;
            else if (remainder >= (long)sum)
                quotient++;
            return (uint)quotient;
        }
    }

    /// <summary>A probability in Q30 as u8.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static byte Narrow(uint p) => unchecked((byte)Math.Min((p + (1u << 21)) >> 22, 255));

    /// <summary>One input.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Read(Workspace w, int offset, bool isWide) =>
        isWide ? Unsafe.ReadUnaligned<int>(ref w.Arena(offset)) : w.Arena(offset);
}
