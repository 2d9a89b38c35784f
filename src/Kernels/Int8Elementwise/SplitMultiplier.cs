namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Requantised sums of two products in 32-bit arithmetic, exactly: a multiplier is split into <c>high · 2^16 + low</c>, both s16, so that
/// with pairs of s16 the sums of products A and B of either part fit 32 bits, and
/// <c>(A · 2^16 + B + 2^(s−1)) &gt;&gt; s = (A + (B &gt;&gt; 16) + 2^(s−17)) &gt;&gt; (s − 16)</c>,
/// because what the inner shift drops is below one unit of everything else.
/// </summary>
internal static class SplitMultiplier
{
    /// <summary>Whether the split is possible and the sums fit: for two operands of at most 255 in magnitude.</summary>
    public static bool Holds(in Int8BinaryConstants constants) =>
        constants.Requantization.Shift is >= 17 and <= 47
        && High(constants.FirstMultiplier) <= short.MaxValue && High(constants.SecondMultiplier) <= short.MaxValue;

    /// <summary>The vectors for the sum of both products.</summary>
    public static Int8BinaryVectors<TVector> Sum<TLanes, TVector>(in Int8BinaryConstants constants)
        where TLanes : struct, IByteLanes<TVector>
        where TVector : struct =>
        Vectors<TLanes, TVector>(
            Pair(High(constants.FirstMultiplier), High(constants.SecondMultiplier)),
            Pair((short)constants.FirstMultiplier, (short)constants.SecondMultiplier), 0, 0, constants.Requantization.Shift);

    /// <summary>The vectors for each product apart.</summary>
    public static Int8BinaryVectors<TVector> Apart<TLanes, TVector>(in Int8BinaryConstants constants)
        where TLanes : struct, IByteLanes<TVector>
        where TVector : struct =>
        Vectors<TLanes, TVector>(
            Pair(High(constants.FirstMultiplier), 0), Pair((short)constants.FirstMultiplier, 0),
            Pair(0, High(constants.SecondMultiplier)), Pair(0, (short)constants.SecondMultiplier), constants.Requantization.Shift);

    /// <summary>Requantised sums of products.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Requantize<TLanes, TVector>(TVector pairs, TVector high, TVector low, TVector rounding, int shift)
        where TLanes : struct, IByteLanes<TVector>
        where TVector : struct
    {
        TVector lower = TLanes.ShiftRight32(TLanes.MultiplyAddPairs(pairs, low), 16);
        TVector upper = TLanes.Add32(TLanes.MultiplyAddPairs(pairs, high), rounding);
        return TLanes.ShiftRight32(TLanes.Add32(upper, lower), shift);
    }

    // −2^15…2^15: the lower part is signed, so the upper one is rounded.
    private static int High(int multiplier) => unchecked((int)(((long)multiplier - (short)multiplier) >> 16));

    private static int Pair(int first, int second) => unchecked((first & 0xFFFF) | (second << 16));

    private static Int8BinaryVectors<TVector> Vectors<TLanes, TVector>(int high, int low, int secondHigh, int secondLow, int shift)
        where TLanes : struct, IByteLanes<TVector>
        where TVector : struct =>
        new(
            TLanes.Repeat(high), TLanes.Repeat(low), TLanes.Repeat(secondHigh), TLanes.Repeat(secondLow),
            TLanes.Repeat(unchecked(1 << (shift - 17))), unchecked(shift - 16));
}
