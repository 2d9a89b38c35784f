using System.Numerics;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>
/// The constants behind <see cref="ElementaryFunctions"/>, worked out in whole numbers so that they are the same on every machine: each is
/// an integer in units of 2^−bits, or a double with what it leaves over.
/// </summary>
internal static class ExactConstants
{
    /// <summary>The bits of the constants behind the tables: more than three times those of a double.</summary>
    public const int Bits = 192;

    /// <summary>ln 2 = 2·artanh(1/3).</summary>
    public static BigInteger LogarithmOf2 { get; } = 2 * HyperbolicArctangent(BigInteger.One, 3, Bits);

    /// <summary>−ln(numerator / denominator) for ratios near 1: −2·artanh((n − d) / (n + d)).</summary>
    /// <param name="numerator">Positive.</param>
    /// <param name="denominator">Positive.</param>
    public static BigInteger NegativeLogarithm(int numerator, int denominator) =>
        -2 * HyperbolicArctangent(numerator - denominator, numerator + denominator, Bits);

    /// <summary>2^(i / 64).</summary>
    /// <param name="i">0…63.</param>
    public static BigInteger PowerOf2(int i)
    {
        // Square roots of 2, of its root and so on, where a bit of i is set.
        BigInteger result = BigInteger.One << Bits, root = BigInteger.One << (Bits + 1);
        for (int bit = 32; bit > 0; bit >>= 1)
        {
            root = SquareRoot(root << Bits);
            if ((i & bit) != 0)
                result = (result * root) >> Bits;
        }
        return result;
    }

    /// <summary>π/2 in units of 2^−bits: 8·arctan(1/5) − 2·arctan(1/239) (J. Machin, 1706).</summary>
    /// <param name="bits">The bits behind the point.</param>
    public static BigInteger HalfPi(int bits)
    {
        const int Guard = 32;
        return ((8 * Arctangent(5, bits + Guard)) - (2 * Arctangent(239, bits + Guard))) >> Guard;
    }

    /// <summary>A number in units of 2^−bits as the sum of two doubles, the first with so many leading bits.</summary>
    /// <param name="value">The number.</param>
    /// <param name="bits">The bits behind the point.</param>
    /// <param name="leading">How many bits the first part keeps, at most 53.</param>
    public static (double High, double Low) Split(BigInteger value, int bits = Bits, int leading = 53)
    {
        BigInteger magnitude = BigInteger.Abs(value);
        int dropped = Math.Max((int)magnitude.GetBitLength() - leading, 0);
        BigInteger high = (magnitude >> dropped) << dropped;
        double sign = value.Sign;
        return (sign * ToDouble(high, bits), sign * ToDouble(magnitude - high, bits));
    }

    // value · 2^−bits of a value that is not negative, cut to 53 bits.
    private static double ToDouble(BigInteger value, int bits)
    {
        int dropped = Math.Max((int)value.GetBitLength() - 53, 0);
        return Math.ScaleB((double)(long)(value >> dropped), dropped - bits);
    }

    // Σ (n/d)^(2k+1) / (2k+1).
    private static BigInteger HyperbolicArctangent(BigInteger n, BigInteger d, int bits)
    {
        const int Guard = 16;
        BigInteger power = (n << (bits + Guard)) / d, sum = power;
        for (int k = 3; !power.IsZero; k += 2)
        {
            power = power * n * n / (d * d);
            sum += power / k;
        }
        return sum >> Guard;
    }

    // Σ (−1)^k · (1/d)^(2k+1) / (2k+1).
    private static BigInteger Arctangent(int d, int bits)
    {
        BigInteger power = (BigInteger.One << bits) / d, sum = power;
        for (int k = 3; !power.IsZero; k += 2)
        {
            power /= -(d * d);
            sum += power / k;
        }
        return sum;
    }

    // The whole part of √value (Newton's method, from above).
    private static BigInteger SquareRoot(BigInteger value)
    {
        BigInteger root = BigInteger.One << (int)((value.GetBitLength() + 1) / 2);
        while (true)
        {
            BigInteger next = (root + (value / root)) >> 1;
            if (next >= root)
                return root;
            root = next;
        }
    }
}
