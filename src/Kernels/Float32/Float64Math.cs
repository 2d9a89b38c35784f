namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// exp and ln in double precision for functions of float32 values, from single operations that every processor rounds alike. Errors of
/// exp 2^−45 of the result between ±104, of ln 2^−50: a ten thousandth of what rounding to float32 adds. The polynomials are Chebyshev
/// series of the functions' remainders, made for this project, with coefficients rounded to double precision.
/// </summary>
internal static class Float64Math
{
    /// <summary>The sign of a number in double precision.</summary>
    public const long SignBit = unchecked((long)0x8000000000000000);

    /// <summary>
    /// 1.5 · 2^52: added to a number of magnitude below 2^51, it leaves the nearest integer in the low bits of the mantissa.
    /// </summary>
    public const double RoundingShift = 6755399441055744.0;

    private const double Log2E = 1.4426950408889634;
    private const double Ln2 = 0.6931471805599453;

    // √½, and what is between it and 1, as bits.
    private const long HalfRoot = 0x3FE6A09E667F3BCD;
    private const long BelowOne = 0x3FF0000000000000 - HalfRoot;

    /// <summary>|x|.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Abs<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector> =>
        TLanes.And(x, TLanes.BroadcastBits(long.MaxValue));

    /// <summary>sum · x + coefficient, rounded twice: a step of Horner's scheme.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Step<TVector, TLanes>(TVector sum, TVector x, double coefficient)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector> =>
        TLanes.Add(TLanes.Multiply(sum, x), TLanes.Broadcast(coefficient));

    /// <summary>
    /// e^x = 2^n · e^r with n = round(x · log2 e), |r| ≤ ½ ln 2 (W. J. Cody and W. Waite, Software Manual for the Elementary Functions,
    /// 1980, chapter 6). Beyond ±200, where float32 has long ended, it is that of ±200; NaN stays NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector limit = TLanes.Broadcast(200.0);
        x = TLanes.Select(TLanes.LessThan(limit, x), limit, x);
        limit = TLanes.Broadcast(-200.0);
        x = TLanes.Select(TLanes.LessThan(x, limit), limit, x);
        TVector shift = TLanes.Broadcast(RoundingShift);
        TVector shifted = TLanes.Add(TLanes.Multiply(x, TLanes.Broadcast(Log2E)), shift);
        TVector r = TLanes.Subtract(x, TLanes.Multiply(TLanes.Subtract(shifted, shift), TLanes.Broadcast(Ln2)));

        // Every other coefficient in a sum of its own, as one sum would wait twice as long for itself.
        TVector square = TLanes.Multiply(r, r);
        TVector odd = TLanes.Broadcast(2.7632642183752202e-06);
        odd = Step<TVector, TLanes>(odd, square, 0.0001984119064437383);
        odd = Step<TVector, TLanes>(odd, square, 0.008333333367313643);
        odd = Step<TVector, TLanes>(odd, square, 0.16666666666615643);
        odd = Step<TVector, TLanes>(odd, square, 1.0);
        TVector even = TLanes.Broadcast(2.762007713646922e-07);
        even = Step<TVector, TLanes>(even, square, 2.480152131972762e-05);
        even = Step<TVector, TLanes>(even, square, 0.0013888888917198419);
        even = Step<TVector, TLanes>(even, square, 0.04166666666662416);
        even = Step<TVector, TLanes>(even, square, 0.5000000000000001);
        even = Step<TVector, TLanes>(even, square, 1.0);
        // n goes into the exponent: it stands in the lowest bits, and all others are shifted out.
        return TLanes.AddBits(TLanes.Add(even, TLanes.Multiply(odd, r)), TLanes.ShiftLeft(shifted, 52));
    }

    /// <summary>
    /// The natural logarithm: x = m · 2^e with m in [√½, √2), ln x = e · ln 2 + 2 · artanh((m − 1) / (m + 1)) (M. Abramowitz and
    /// I. A. Stegun, Handbook of Mathematical Functions, 4.1.27). −∞ for zeros, NaN below zero; x is no subnormal number.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Log<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector moved = TLanes.AddBits(x, TLanes.BroadcastBits(BelowOne));
        TVector m = TLanes.AddBits(TLanes.And(moved, TLanes.BroadcastBits(0x000FFFFFFFFFFFFF)), TLanes.BroadcastBits(HalfRoot));
        // The biased exponent in the mantissa of 2^52.
        TVector exponent = TLanes.Or(TLanes.ShiftRight(moved, 52), TLanes.BroadcastBits(0x4330000000000000));
        TVector e = TLanes.Subtract(exponent, TLanes.Broadcast(4503599627370496.0 + 1023));
        TVector one = TLanes.Broadcast(1.0);
        TVector s = TLanes.Divide(TLanes.Subtract(m, one), TLanes.Add(m, one));
        TVector z = TLanes.Multiply(s, s);

        TVector p = TLanes.Broadcast(0.0831092509542264);
        p = Step<TVector, TLanes>(p, z, 0.09070095808104249);
        p = Step<TVector, TLanes>(p, z, 0.11111431165064249);
        p = Step<TVector, TLanes>(p, z, 0.14285712068932277);
        p = Step<TVector, TLanes>(p, z, 0.20000000005603977);
        p = Step<TVector, TLanes>(p, z, 0.3333333333333104);
        s = TLanes.Add(s, s);
        TVector fraction = TLanes.Add(s, TLanes.Multiply(s, TLanes.Multiply(z, p)));
        TVector result = TLanes.Add(TLanes.Multiply(e, TLanes.Broadcast(Ln2)), fraction);

        TVector zero = TLanes.Broadcast(0.0);
        TVector outside = TLanes.Select(TLanes.Equal(x, zero), TLanes.Broadcast(double.NegativeInfinity), TLanes.Broadcast(double.NaN));
        // Infinity and NaN are not less than infinity: the logarithm is the number itself.
        result = TLanes.Select(TLanes.LessThan(x, TLanes.Broadcast(double.PositiveInfinity)), result, x);
        return TLanes.Select(TLanes.LessThan(zero, x), result, outside);
    }
}
