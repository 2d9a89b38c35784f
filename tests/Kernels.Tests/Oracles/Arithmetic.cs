namespace OptimizerBuild.Kernels.Tests.Oracles;

/// <summary>The common formulas of docs/arithmetic.md in plain 64-bit code; nothing here calls a kernel.</summary>
internal static class Arithmetic
{
    /// <summary>(product + 2^(s−1)) &gt;&gt; s, with 128 bits in between, so that the oracle itself cannot overflow.</summary>
    public static long Requantize(Int128 product, int shift) => (long)((product + (Int128.One << (shift - 1))) >> shift);

    /// <summary>A u8 output.</summary>
    public static byte ToUInt8(Int128 product, int shift, int zeroPoint, int minimum, int maximum)
    {
        long value = Requantize(product, shift) + zeroPoint;
        return (byte)(value < minimum ? minimum : value > maximum ? maximum : value);
    }

    /// <summary>An s32 output.</summary>
    public static int ToInt32(Int128 product, int shift)
    {
        long value = Requantize(product, shift);
        return (int)(value < int.MinValue ? int.MinValue : value > int.MaxValue ? int.MaxValue : value);
    }
}
