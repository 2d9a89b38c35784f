namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// How accumulators become outputs (docs/arithmetic.md, Requantisation), without the multipliers, which differ by channel:
/// one shift for the layer, and for u8 outputs the zero point and the bounds of the fused activation.
/// </summary>
internal struct Requantization
{
    /// <summary>The right shift, 1…62.</summary>
    public int Shift;

    /// <summary>The output's zero point; 0 for s32 outputs.</summary>
    public int ZeroPoint;

    /// <summary>The least output.</summary>
    public int Minimum;

    /// <summary>The greatest output.</summary>
    public int Maximum;

    /// <summary>Whether outputs are s32 instead of u8.</summary>
    public bool IsWide;

    /// <summary>Whether outputs are u8 and the upper halves of the products suffice (<see cref="RequantizedRow"/>).</summary>
    public bool FitsUpperHalves;

    /// <summary>The shift of the products' upper halves.</summary>
    public int UpperShift;

    /// <summary>What is added to the products' upper halves before the shift: the rounding constant and the zero point.</summary>
    public int Addend;

    /// <summary>How far sums are shifted left before they are multiplied: more than 0 where the shift is below 33.</summary>
    public int LeftShift;

    /// <summary>The greatest magnitude of a sum that can be shifted left so far.</summary>
    public int GreatestSum;

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

    /// <summary>Whether outputs use all levels of u8 and the upper halves of the products suffice as they are.</summary>
    public readonly bool IsPlain => FitsUpperHalves && LeftShift == 0 && Minimum == 0 && Maximum == 255;

    /// <summary>Whether outputs are s32 and the upper halves of the products suffice.</summary>
    public readonly bool IsWideOfUpperHalves => IsWide && Shift >= LeastUpperShift;

    /// <summary>Requantisation to u8.</summary>
    public static Requantization ToUInt8(int shift, int zeroPoint, int minimum, int maximum)
    {
        ToUInt8(out Requantization requantization, shift, zeroPoint, minimum, maximum);
        return requantization;
    }

    /// <summary>
    /// Requantisation to u8, written where it belongs: a copy would have to wait for all of its parts (they are stored one by one and
    /// loaded by the vector).
    /// </summary>
    public static void ToUInt8(out Requantization requantization, int shift, int zeroPoint, int minimum, int maximum)
    {
        requantization = default;
        requantization.Shift = shift;
        requantization.ZeroPoint = zeroPoint;
        requantization.Minimum = minimum;
        requantization.Maximum = maximum;
        if (shift is >= LeastUpperShift and <= GreatestUpperShift)
            requantization.UseUpperHalves(0);
    }

    /// <summary>
    /// Requantisation to u8 with known multipliers, which may allow the quicker way for shifts below 33, too: sums are shifted left, and
    /// those that would overflow are clamped first, because their outputs are saturated all the same.
    /// </summary>
    /// <param name="requantization">Receives it.</param>
    /// <param name="shift">The right shift, 1…62.</param>
    /// <param name="zeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    /// <param name="multipliers">The first of all multipliers.</param>
    /// <param name="channels">How many there are.</param>
    public static void ToUInt8(
        out Requantization requantization, int shift, int zeroPoint, int minimum, int maximum, ref byte multipliers, int channels)
    {
        ToUInt8(out requantization, shift, zeroPoint, minimum, maximum);
        if (shift is >= LeastUpperShift or < LeastLeftShift)
            return;
        for (int i = 0; i < channels; i++)
        {
            if (Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref multipliers, i * 4)) is not (0 or >= LeastLeftMultiplier))
                return;
        }

        requantization.UseUpperHalves(LeastUpperShift - shift);
    }

    /// <summary>Requantisation to s32.</summary>
    public static Requantization ToInt32(int shift)
    {
        ToInt32(out Requantization requantization, shift);
        return requantization;
    }

    /// <summary>Requantisation to s32, written where it belongs.</summary>
    public static void ToInt32(out Requantization requantization, int shift)
    {
        requantization = default;
        requantization.Shift = shift;
        requantization.Minimum = int.MinValue;
        requantization.Maximum = int.MaxValue;
        requantization.IsWide = true;
        if (shift >= LeastUpperShift)
        {
            requantization.UpperShift = unchecked(shift - 32);
            requantization.Addend = unchecked(1 << (requantization.UpperShift - 1));
        }
    }

    private void UseUpperHalves(int leftShift)
    {
        unchecked
        {
            FitsUpperHalves = true;
            LeftShift = leftShift;
            GreatestSum = int.MaxValue >> leftShift;
            UpperShift = Shift + leftShift - 32;
            Addend = (1 << (UpperShift - 1)) + (ZeroPoint << UpperShift);
        }
    }

    /// <summary>One output: <c>clamp(((product + 2^(s−1)) &gt;&gt; s) + zero point)</c>.</summary>
    /// <param name="product">Accumulator times multiplier; below 2^62 in magnitude.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly int Apply(long product)
    {
        unchecked
        {
            long value = ((product + (1L << (Shift - 1))) >> Shift) + ZeroPoint;
            return (int)(value > Maximum ? Maximum : value < Minimum ? Minimum : value);
        }
    }
}
