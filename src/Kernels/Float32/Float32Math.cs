namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// exp, log, tanh, sigmoid and erf in float32: reductions to a short interval and minimax polynomials, fitted for this project by
/// iteratively reweighted least squares (Lawson's algorithm) with the coefficients rounded to float32 one after the other. The
/// same bits in every lane of every vector. Errors against the exact value, over all normal results: exp 1.1, log 1.2, tanh 3,
/// sigmoid 3, erf 2 units in the last place.
/// </summary>
internal static class Float32Math
{
    private const float Log2E = 1.4426950408889634f;
    private const float Ln2High = 0.6931472f;
    private const float Ln2Low = -1.9046542e-09f;

    // 1.5 · 2^23: added to a number of magnitude below 2^22, it leaves the nearest integer in the low bits of the mantissa.
    private const float RoundingShift = 12582912f;
    private const int RoundingShiftBits = 0x4B400000;
    private const int SignBit = unchecked((int)0x80000000);

    /// <summary>
    /// e^x = 2^n · e^r with n = round(x · log2 e), |r| ≤ ½ ln 2 (W. J. Cody and W. Waite, Software Manual for the Elementary
    /// Functions, 1980, chapter 6). Overflows to infinity, underflows gradually; NaN stays NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Exp<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        // NaN passes both bounds, as the second operand is taken where a comparison fails.
        TVector bounded = TLanes.Min(TLanes.Broadcast(89f), TLanes.Max(TLanes.Broadcast(-104f), x));
        TVector n = Reduce<TVector, TLanes>(bounded, out TVector r);
        TVector p = TLanes.Add(TLanes.Broadcast(1f), ExpMinusOneSeries<TVector, TLanes>(r));
        // In two factors, because 2^n alone would leave the range of normal numbers at both ends.
        TVector half = TLanes.ShiftRight(n, 1);
        p = TLanes.Multiply(p, PowerOfTwo<TVector, TLanes>(half));
        return TLanes.Multiply(p, PowerOfTwo<TVector, TLanes>(TLanes.SubtractBits(n, half)));
    }

    /// <summary>e^x − 1 for x ≤ 0, without cancellation near 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector ExpMinusOne<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector bounded = TLanes.Max(TLanes.Broadcast(-80f), x);
        TVector n = Reduce<TVector, TLanes>(bounded, out TVector r);
        TVector scale = PowerOfTwo<TVector, TLanes>(n);
        return TLanes.FusedMultiplyAdd(scale, ExpMinusOneSeries<TVector, TLanes>(r), TLanes.Subtract(scale, TLanes.Broadcast(1f)));
    }

    /// <summary>1 / (1 + e^−x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Sigmoid<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector one = TLanes.Broadcast(1f);
        return TLanes.Divide(one, TLanes.Add(one, Exp<TVector, TLanes>(TLanes.Xor(x, TLanes.BroadcastBits(SignBit)))));
    }

    /// <summary>tanh |x| = −t / (t + 2) with t = e^(−2|x|) − 1; the sign is put back.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Tanh<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector sign = TLanes.BroadcastBits(SignBit);
        TVector minus = TLanes.Or(x, sign);
        TVector t = ExpMinusOne<TVector, TLanes>(TLanes.Add(minus, minus));
        TVector magnitude = TLanes.Xor(TLanes.Divide(t, TLanes.Add(t, TLanes.Broadcast(2f))), sign);
        return TLanes.Or(magnitude, TLanes.And(x, sign));
    }

    /// <summary>
    /// The natural logarithm: x = m · 2^e with m in [√½, √2), ln x = e · ln 2 + ln m. −∞ for zeros, NaN below zero.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Log<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        // Subnormal numbers are scaled by 2^23 first.
        TVector small = TLanes.LessThan(x, TLanes.Broadcast(1.17549435e-38f));
        TVector normal = TLanes.Select(small, TLanes.Multiply(x, TLanes.Broadcast(8388608f)), x);
        TVector offset = TLanes.And(small, TLanes.Broadcast(23f));
        TVector exponent = TLanes.ShiftRight(TLanes.SubtractBits(normal, TLanes.BroadcastBits(0x3F3504F3)), 23);
        TVector mantissa = TLanes.SubtractBits(normal, TLanes.ShiftLeft(exponent, 23));
        TVector e = TLanes.Subtract(TLanes.IntegerToReal(exponent), offset);
        TVector f = TLanes.Subtract(mantissa, TLanes.Broadcast(1f));
        TVector square = TLanes.Multiply(f, f);

        TVector p = TLanes.Broadcast(-0.07636439f);
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Broadcast(0.12762217f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Broadcast(-0.1315961f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Broadcast(0.1420158f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Broadcast(-0.16623409f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Broadcast(0.20001242f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Broadcast(-0.2500082f));
        p = TLanes.FusedMultiplyAdd(p, f, TLanes.Broadcast(0.3333333f));
        p = TLanes.Multiply(p, TLanes.Multiply(square, f));
        p = TLanes.FusedMultiplyAdd(e, TLanes.Broadcast(Ln2Low), p);
        p = TLanes.FusedMultiplyAdd(TLanes.Broadcast(-0.5f), square, p);
        TVector result = TLanes.FusedMultiplyAdd(e, TLanes.Broadcast(Ln2High), TLanes.Add(f, p));

        TVector zero = TLanes.Broadcast(0f);
        TVector infinity = TLanes.Broadcast(float.PositiveInfinity);
        result = TLanes.Select(TLanes.Equal(x, infinity), infinity, result);
        result = TLanes.Select(TLanes.Equal(x, zero), TLanes.Broadcast(float.NegativeInfinity), result);
        TVector valid = TLanes.Or(TLanes.LessThan(zero, x), TLanes.Equal(x, zero));
        return TLanes.Select(valid, result, TLanes.Broadcast(float.NaN));
    }

    /// <summary>
    /// ln(1 + x) for x in [0, 1]: the logarithm of the rounded sum, corrected by what the rounding lost, relative to the sum
    /// (D. Goldberg, What Every Computer Scientist Should Know About Floating-Point Arithmetic, 1991, theorem 4).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector LogOnePlus<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector one = TLanes.Broadcast(1f);
        TVector sum = TLanes.Add(one, x);
        TVector lost = TLanes.Subtract(x, TLanes.Subtract(sum, one));
        return TLanes.Add(Log<TVector, TLanes>(sum), TLanes.Divide(lost, sum));
    }

    /// <summary>
    /// The error function: an odd polynomial below 1, above it 1 − e^P(|x|), where P approximates the logarithm of erfc up to 4,
    /// beyond which the result is 1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Erf<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector sign = TLanes.BroadcastBits(SignBit);
        TVector magnitude = TLanes.Min(TLanes.Broadcast(4f), TLanes.Xor(TLanes.Or(x, sign), sign));
        TVector one = TLanes.Broadcast(1f);

        TVector z = TLanes.Multiply(x, x);
        TVector inner = TLanes.Broadcast(7.806903e-05f);
        inner = TLanes.FusedMultiplyAdd(inner, z, TLanes.Broadcast(-0.0007997853f));
        inner = TLanes.FusedMultiplyAdd(inner, z, TLanes.Broadcast(0.005187162f));
        inner = TLanes.FusedMultiplyAdd(inner, z, TLanes.Broadcast(-0.026853347f));
        inner = TLanes.FusedMultiplyAdd(inner, z, TLanes.Broadcast(0.11283579f));
        inner = TLanes.FusedMultiplyAdd(inner, z, TLanes.Broadcast(-0.37612626f));
        inner = TLanes.FusedMultiplyAdd(inner, z, TLanes.Broadcast(0.12837917f));
        inner = TLanes.FusedMultiplyAdd(inner, x, x);

        TVector p = TLanes.Broadcast(-2.1697651e-05f);
        p = TLanes.FusedMultiplyAdd(p, magnitude, TLanes.Broadcast(0.0004414679f));
        p = TLanes.FusedMultiplyAdd(p, magnitude, TLanes.Broadcast(-0.0042052446f));
        p = TLanes.FusedMultiplyAdd(p, magnitude, TLanes.Broadcast(0.02521021f));
        p = TLanes.FusedMultiplyAdd(p, magnitude, TLanes.Broadcast(-0.10842189f));
        p = TLanes.FusedMultiplyAdd(p, magnitude, TLanes.Broadcast(-0.63321656f));
        p = TLanes.FusedMultiplyAdd(p, magnitude, TLanes.Broadcast(-1.1295803f));
        p = TLanes.FusedMultiplyAdd(p, magnitude, TLanes.Broadcast(0.00018846625f));
        TVector outer = TLanes.Subtract(one, Exp<TVector, TLanes>(p));
        outer = TLanes.Or(outer, TLanes.And(x, sign));
        return TLanes.Select(TLanes.LessThan(magnitude, one), inner, outer);
    }

    /// <summary>ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector Softplus<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector e = Exp<TVector, TLanes>(TLanes.Or(x, TLanes.BroadcastBits(SignBit)));
        return TLanes.Add(TLanes.Max(TLanes.Broadcast(0f), x), LogOnePlus<TVector, TLanes>(e));
    }

    /// <summary>
    /// tanh(ln(1 + e^x)) = n / (n + 2) with n = e^x · (e^x + 2), as tanh is the quotient of t² − 1 and t² + 1 with t = 1 + e^x. From 20 on
    /// it is 1.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static TVector TanhOfSoftplus<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector two = TLanes.Broadcast(2f);
        TVector power = Exp<TVector, TLanes>(TLanes.Min(TLanes.Broadcast(20f), x));
        TVector n = TLanes.Multiply(power, TLanes.Add(power, two));
        return TLanes.Divide(n, TLanes.Add(n, two));
    }

    // Returns n as an integer in the bits; r = x − n · ln 2 in two steps, as ln 2 has more bits than a float.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Reduce<TVector, TLanes>(TVector x, out TVector r)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector shifted = TLanes.FusedMultiplyAdd(x, TLanes.Broadcast(Log2E), TLanes.Broadcast(RoundingShift));
        TVector power = TLanes.Subtract(shifted, TLanes.Broadcast(RoundingShift));
        r = TLanes.FusedMultiplyAdd(power, TLanes.Broadcast(-Ln2High), x);
        r = TLanes.FusedMultiplyAdd(power, TLanes.Broadcast(-Ln2Low), r);
        return TLanes.SubtractBits(shifted, TLanes.BroadcastBits(RoundingShiftBits));
    }

    // e^r − 1 = r + r² · q(r) for |r| ≤ ½ ln 2.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ExpMinusOneSeries<TVector, TLanes>(TVector r)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector q = TLanes.Broadcast(0.0013820719f);
        q = TLanes.FusedMultiplyAdd(q, r, TLanes.Broadcast(0.0083686765f));
        q = TLanes.FusedMultiplyAdd(q, r, TLanes.Broadcast(0.041668266f));
        q = TLanes.FusedMultiplyAdd(q, r, TLanes.Broadcast(0.16666521f));
        q = TLanes.FusedMultiplyAdd(q, r, TLanes.Broadcast(0.49999994f));
        return TLanes.FusedMultiplyAdd(q, TLanes.Multiply(r, r), r);
    }

    // 2^n for an integer n in −126…127, given in the bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector PowerOfTwo<TVector, TLanes>(TVector n)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        TLanes.ShiftLeft(TLanes.AddBits(n, TLanes.BroadcastBits(127)), 23);
}
