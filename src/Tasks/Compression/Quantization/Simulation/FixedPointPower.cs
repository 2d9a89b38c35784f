namespace OptimizerBuild.Compression.Quantization;

/// <summary>2^(−t) in fixed point for Softmax and Sigmoid (docs/arithmetic.md, Fixed-point Softmax).</summary>
internal static class FixedPointPower
{
    /// <summary>1 in Q30.</summary>
    public const long One = 1L << 30;

    /// <summary>The scale of probabilities in s32.</summary>
    public const double ProbabilityScale = 1.0 / One;

    private const long Saturation = 31L << 16;

    private static readonly long[] Powers = [.. Enumerable.Range(0, 257).Select(i => (long)Math.Round(One * Math.Pow(2, -i / 256.0)))];

    /// <summary>The factor that turns a distance in steps of <paramref name="scale"/> into a binary logarithm in Q16.</summary>
    public static FixedPointMultipliers Factor(double scale) => FixedPointMultipliers.Of(scale * Math.Log2(Math.E) * 65536);

    /// <summary>2^(−t) in Q30 for the distance d ≥ 0: a table over the fraction, linear between its entries, shifted by the integer part.</summary>
    public static long Of(long distance, FixedPointMultipliers factor)
    {
        long t = Math.Min(factor.Apply(distance), Saturation);
        int index = (int)((t >> 8) & 0xFF);
        long within = t & 0xFF;
        long power = Powers[index] - ((((Powers[index] - Powers[index + 1]) * within) + 128) >> 8);
        int shift = (int)(t >> 16);
        return shift == 0 ? power : (power + (1L << (shift - 1))) >> shift;
    }
}
