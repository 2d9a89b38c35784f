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

    /// <summary>
    /// Whether outputs are u8 and the shift is such that the upper halves of the products suffice (<see cref="RequantizedRow"/>): 33…54.
    /// </summary>
    public readonly bool FitsUpperHalves;

    /// <summary>The shift of the products' upper halves.</summary>
    public readonly int UpperShift;

    /// <summary>What is added to the products' upper halves before the shift: the rounding constant and the zero point.</summary>
    public readonly int Addend;

    private Requantization(int shift, int zeroPoint, int minimum, int maximum, bool isWide)
    {
        Shift = shift;
        ZeroPoint = zeroPoint;
        Minimum = minimum;
        Maximum = maximum;
        IsWide = isWide;

        // Up to 54 the zero point, shifted, stays below 2^30, as do the products' upper halves.
        FitsUpperHalves = !isWide && shift is >= 33 and <= 54;
        if (FitsUpperHalves)
        {
            UpperShift = shift - 32;
            Addend = (1 << (shift - 33)) + (zeroPoint << (shift - 32));
        }
    }

    /// <summary>Requantisation to u8.</summary>
    public static Requantization ToUInt8(int shift, int zeroPoint, int minimum, int maximum) =>
        new(shift, zeroPoint, minimum, maximum, false);

    /// <summary>Requantisation to s32.</summary>
    public static Requantization ToInt32(int shift) => new(shift, 0, int.MinValue, int.MaxValue, true);

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
