using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>2^(−t) in fixed point for Softmax and Sigmoid (docs/arithmetic.md, Fixed-point Softmax).</summary>
internal static class FixedPointPower
{
    /// <summary>1 in Q30.</summary>
    public const long One = 1L << 30;

    /// <summary>The scale of probabilities in s32.</summary>
    public const double ProbabilityScale = 1.0 / One;

    /// <summary>The scale of logarithms of probabilities in s32: binary logarithms in Q16.</summary>
    public static readonly double LogarithmScale = ElementaryFunctions.Log(2) / 65536;

    /// <summary>
    /// The greatest distance of a power from 2^(−t), as a part of it, apart from the rounding to Q30: t is rounded to Q16, and between the
    /// table's entries the power is a line.
    /// </summary>
    public const double RelativeError = (LogarithmOf2 / 131072) + (LogarithmOf2 * LogarithmOf2 / (256 * 256 * 8));

    /// <summary>
    /// The longest row of a Softmax in fixed point. Each power may be 2^−30 too great, as those that saturate are: of so many that is less
    /// than <see cref="RelativeError"/> of their sum, which is at least 1.
    /// </summary>
    public const int LongestRow = 4096;

    /// <summary>
    /// The longest row whose probabilities are handed on as bytes: 1/256, a level, where all values are equal. Of longer rows most
    /// probabilities, or all of them, would be 0.
    /// </summary>
    public const int LongestRowOfBytes = 256;

    /// <summary>The greatest error of a probability in s32 of a row of so many values.</summary>
    public static double ErrorOf(int length) => (2 * RelativeError) + ((length + 2.0) / One);

    private const double LogarithmOf2 = 0.6931471805599453;

    private const long Saturation = 31L << 16;

    private static readonly long[] Powers = [.. Enumerable.Range(0, 257).Select(i =>
        (long)Math.Round(One * ElementaryFunctions.Pow(2, -i / 256.0)))];

    private static readonly long[] Logarithms = [.. Enumerable.Range(0, 257).Select(i =>
        (long)Math.Round(One * ElementaryFunctions.Log2(1 + (i / 256.0))))];

    /// <summary>The factor that turns a distance in steps of <paramref name="scale"/> into a binary logarithm in Q16.</summary>
    public static FixedPointMultipliers Factor(double scale) => FixedPointMultipliers.Of(scale * ElementaryFunctions.Log2(Math.E) * 65536);

    /// <summary>
    /// 2^(−t) in Q30 for the distance d ≥ 0: a table over the fraction, linear between its entries, shifted by the integer part.
    /// </summary>
    public static long Of(long distance, FixedPointMultipliers factor)
    {
        long t = Math.Min(factor.Apply(distance), Saturation);
        int index = (int)((t >> 8) & 0xFF);
        long within = t & 0xFF;
        long power = Powers[index] - ((((Powers[index] - Powers[index + 1]) * within) + 128) >> 8);
        int shift = (int)(t >> 16);
        return shift == 0 ? power : (power + (1L << (shift - 1))) >> shift;
    }

    /// <summary>The distance d ≥ 0 as a binary logarithm in Q16, at most 2^30.</summary>
    public static long Distance(long distance, FixedPointMultipliers factor) => Math.Min(factor.Apply(distance), 1L << 30);

    /// <summary>
    /// The binary logarithm in Q16 of a sum of powers in Q30, at least 1: a table over the fraction, linear between its entries.
    /// </summary>
    public static long LogarithmOf(long sum)
    {
        int integer = (int)long.Log2(sum) - 30;
        long fraction = (sum >> integer) - One;
        int index = (int)(fraction >> 22);
        long within = fraction & ((1L << 22) - 1);
        long logarithm = Logarithms[index] + ((((Logarithms[index + 1] - Logarithms[index]) * within) + (1L << 21)) >> 22);
        return ((long)integer << 16) + ((logarithm + (1L << 13)) >> 14);
    }
}
