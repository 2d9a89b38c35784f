namespace OptimizerBuild.Kernels;

using global::System;

/// <summary>
/// Large angles as quarter turns and a rest, from as many bits of 2/π as the angle needs (M. H. Payne and R. N. Hanek, "Radian reduction
/// for trigonometric functions", ACM SIGNUM Newsletter 18(1), 1983). A float32 is a whole number of 24 bits times a power of two; of its
/// product with 2/π only what lies below whole turns matters, for which 128 bits of 2/π are multiplied, modulo 2^128.
/// </summary>
internal static class QuarterTurns
{
    private const double HalfPi = 1.5707963267948966;

    // 2/π to 248 bits behind the point, and eight zeros before it.
    private static ReadOnlySpan<ulong> TwoOverPi =>
        [0x00A2F9836E4E4415, 0x29FC2757D1F534DD, 0xC0DB6295993C4390, 0x41FE5163ABDEBBC5];

    /// <summary>x = n · π/2 + r with |r| ≤ π/4, of which n modulo 4 is returned, between −4 and 4.</summary>
    /// <param name="x">The angle, of a magnitude of at least 2^19; of infinities and NaN the rest is NaN.</param>
    /// <param name="r">The rest, exact to 2^−50 of itself.</param>
    public static int Of(float x, out double r)
    {
        unchecked
        {
            int bits = BitConverter.SingleToInt32Bits(x);
            int exponent = (bits >> 23) & 0xFF;
            r = double.NaN;
            if (exponent == 0xFF)
                return 0;
            ulong mantissa = (uint)((bits & 0x7FFFFF) | 0x800000);
            // |x| = mantissa · 2^(exponent − 150): the bit of 2/π with which the product counts two quarter turns comes first.
            int first = exponent - 150 + 6;
            int word = first >> 6;
            int offset = first & 63;
            ulong high = Bits(word, offset);
            ulong low = Bits(word + 1, offset);
            ulong top = Math.BigMul(mantissa, low, out ulong bottom) + (mantissa * high);
            // Two bits of quarter turns, then their fraction, which is rounded to the nearest one: what remains has a sign.
            int turns = (int)((top + (1UL << 61)) >> 62);
            long fraction = (long)((top << 2) | (bottom >> 62));
            long tail = (long)((bottom << 2) >> 11);
            double rest = ((fraction * Scale(-64)) + (tail * Scale(-117))) * HalfPi;
            r = x < 0 ? -rest : rest;
            return x < 0 ? -turns : turns;
        }
    }

    private static ulong Bits(int word, int offset) =>
        offset == 0 ? TwoOverPi[word] : (TwoOverPi[word] << offset) | (TwoOverPi[word + 1] >> (64 - offset));

    private static double Scale(int exponent) => BitConverter.Int64BitsToDouble((long)(exponent + 1023) << 52);
}
