namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// How accumulators become outputs (docs/arithmetic.md, Requantisation), without the multipliers, which differ by channel:
/// one shift for the layer, and for u8 outputs the zero point and the bounds of the fused activation.
/// </summary>
internal readonly struct Requantization
{
    /// <summary>The right shift, 1…62.</summary>
    public readonly int Shift;

    /// <summary>The output's zero point; 0 for s32 outputs.</summary>
    public readonly int ZeroPoint;

    /// <summary>The least output.</summary>
    public readonly int Minimum;

    /// <summary>The greatest output.</summary>
    public readonly int Maximum;

    /// <summary>Whether outputs are s32 instead of u8.</summary>
    public readonly bool IsWide;

    /// <summary>Whether outputs are u8 and the upper halves of the products suffice (<see cref="RequantizedRow"/>).</summary>
    public readonly bool FitsUpperHalves;

    /// <summary>The shift of the products' upper halves.</summary>
    public readonly int UpperShift;

    /// <summary>What is added to the products' upper halves before the shift: the rounding constant and the zero point.</summary>
    public readonly int Addend;

    /// <summary>How far sums are shifted left before they are multiplied: more than 0 where the shift is below 33.</summary>
    public readonly int LeftShift;

    /// <summary>The greatest magnitude of a sum that can be shifted left so far.</summary>
    public readonly int GreatestSum;

    private Requantization(int shift, int zeroPoint, int minimum, int maximum, bool isWide, bool fitsUpperHalves)
    {
        Shift = shift;
        ZeroPoint = zeroPoint;
        Minimum = minimum;
        Maximum = maximum;
        IsWide = isWide;
        FitsUpperHalves = fitsUpperHalves;
        if (fitsUpperHalves)
        {
            LeftShift = shift < LeastUpperShift ? LeastUpperShift - shift : 0;
            GreatestSum = int.MaxValue >> LeftShift;
            UpperShift = shift + LeftShift - 32;
            Addend = (1 << (UpperShift - 1)) + (zeroPoint << UpperShift);
        }
    }

    /// <summary>The least shift whose rounding constant lies in the products' upper halves.</summary>
    private const int LeastUpperShift = 33;

    /// <summary>Up to this shift the zero point, shifted, stays below 2^30, as do the products' upper halves.</summary>
    private const int GreatestUpperShift = 54;

    /// <summary>From this shift on sums may be shifted left instead: at most by 12 bits.</summary>
    private const int LeastLeftShift = 21;

    /// <summary>
    /// From this multiplier on a sum too large for its shift to the left has an output beyond 0…255 whatever the zero point:
    /// (2^31 − 2^12) · 2^11 / 2^33 is above 510.
    /// </summary>
    private const int LeastLeftMultiplier = 1 << 11;

    /// <summary>Requantisation to u8.</summary>
    public static Requantization ToUInt8(int shift, int zeroPoint, int minimum, int maximum) =>
        new(shift, zeroPoint, minimum, maximum, false, shift is >= LeastUpperShift and <= GreatestUpperShift);

    /// <summary>
    /// Requantisation to u8 with known multipliers, which may allow the quicker way for shifts below 33, too: sums are shifted left, and
    /// those that would overflow are clamped first, because their outputs are saturated all the same.
    /// </summary>
    /// <param name="shift">The right shift, 1…62.</param>
    /// <param name="zeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    /// <param name="multipliers">All multipliers.</param>
    public static Requantization ToUInt8(int shift, int zeroPoint, int minimum, int maximum, ReadOnlySpan<int> multipliers)
    {
        if (shift is >= LeastUpperShift or < LeastLeftShift)
            return ToUInt8(shift, zeroPoint, minimum, maximum);
        bool fits = true;
        for (int i = 0; i < multipliers.Length; i++)
            fits &= multipliers[i] is 0 or >= LeastLeftMultiplier;
        return new(shift, zeroPoint, minimum, maximum, false, fits);
    }

    /// <summary>Requantisation to s32.</summary>
    public static Requantization ToInt32(int shift) => new(shift, 0, int.MinValue, int.MaxValue, true, false);

    /// <summary>One output: <c>clamp(((product + 2^(s−1)) &gt;&gt; s) + zero point)</c>.</summary>
    /// <param name="product">Accumulator times multiplier; below 2^62 in magnitude.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Apply(long product)
    {
        unchecked
        {
            long value = ((product + (1L << (Shift - 1))) >> Shift) + ZeroPoint;
            return (int)Math.Max(Math.Min(value, Maximum), Minimum);
        }
    }
}
