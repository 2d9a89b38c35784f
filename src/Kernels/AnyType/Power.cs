namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// x to the power of y in double precision, from additions, multiplications and divisions only, so that every machine gives the
/// same bits. Whole exponents up to 64 are products and an exponent of ½ is a root, so that powers which are whole numbers come out as
/// such;
/// elsewhere the relative error is below 2^−40 wherever the result is a normal float32 number.
/// </summary>
internal static class Power
{
    private const double Ln2 = 0.6931471805599453;
    private const double Sqrt2 = 1.4142135623730951;
    private const int LargestProduct = 64;

    /// <summary>x^y with the special cases of C's <c>pow</c> (ISO/IEC 9899, F.10.4.4).</summary>
    public static double Of(double x, double y)
    {
        if (y == 0 || x == 1)
            return 1;
        if (double.IsNaN(x) || double.IsNaN(y))
            return double.NaN;
        bool isInteger = Math.Floor(y) == y;
        bool isOdd = isInteger && Math.Abs(y) < 9007199254740992.0 && Math.Floor(y * 0.5) * 2 != y;
        double magnitude = Math.Abs(x);
        bool negative = (x < 0 || (x == 0 && double.IsNegative(x))) && isOdd;
        if (magnitude == 0)
            return Signed(y > 0 ? 0 : double.PositiveInfinity, negative);
        if (double.IsInfinity(y))
            return magnitude == 1 ? 1 : (magnitude > 1) == (y > 0) ? double.PositiveInfinity : 0;
        if (double.IsInfinity(magnitude))
            return Signed(y > 0 ? double.PositiveInfinity : 0, negative);
        if (x < 0 && !isInteger)
            return double.NaN;
        double power = isInteger && Math.Abs(y) <= LargestProduct ? Product(magnitude, (int)y)
            : y == 0.5 ? Math.Sqrt(magnitude)
            : Exponential(y * Logarithm(magnitude));
        return Signed(power, negative);
    }

    // Square and multiply (Knuth, "The Art of Computer Programming", section 4.6.3).
    private static double Product(double x, int exponent)
    {
        double result = 1;
        for (int left = Math.Abs(exponent); left > 0; left >>= 1)
        {
            if ((left & 1) != 0)
                result *= x;
            x *= x;
        }
        return exponent < 0 ? 1 / result : result;
    }

    private static double Signed(double magnitude, bool negative) => negative ? -magnitude : magnitude;

    /// <summary>ln x of a positive finite number.</summary>
    /// <remarks>ln(m · 2^e) = e · ln 2 + 2 · artanh((m − 1) / (m + 1)), with m in [√½, √2): the series in s² ≤ 0.0295 to the 21st
    /// power.</remarks>
    public static double Logarithm(double x)
    {
        int exponent = 0;
        if (x < 2.2250738585072014E-308)
        {
            x *= 18014398509481984.0;
            exponent = -54;
        }
        long bits = BitConverter.DoubleToInt64Bits(x);
        exponent += (int)((bits >> 52) & 0x7FF) - 1023;
        double mantissa = BitConverter.Int64BitsToDouble((bits & 0xFFFFFFFFFFFFF) | 0x3FF0000000000000);
        if (mantissa > Sqrt2)
        {
            mantissa *= 0.5;
            exponent++;
        }
        double s = (mantissa - 1) / (mantissa + 1);
        double square = s * s;
        double sum = 0;
        for (int k = 21; k >= 1; k -= 2)
            sum = (sum * square) + (1.0 / k);
        return (exponent * Ln2) + (2 * s * sum);
    }

    /// <summary>e^x.</summary>
    /// <remarks>e^x = 2^n · e^r with |r| ≤ ½ ln 2: the Taylor series to the 14th power.</remarks>
    public static double Exponential(double x)
    {
        if (x > 709.7)
            return double.PositiveInfinity;
        if (x < -745)
            return 0;
        double n = Math.Floor((x / Ln2) + 0.5);
        double r = x - (n * Ln2);
        double sum = 1;
        for (int k = 14; k >= 1; k--)
            sum = (sum * r / k) + 1;
        int half = (int)n / 2;
        return sum * PowerOfTwo(half) * PowerOfTwo((int)n - half);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double PowerOfTwo(int exponent) => BitConverter.Int64BitsToDouble((long)(exponent + 1023) << 52);
}
