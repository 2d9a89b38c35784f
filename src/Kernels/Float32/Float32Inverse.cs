namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Hyperbolic functions, and the inverses of these and of the trigonometric ones, of float32 values: computed in double precision by
/// additions, multiplications, divisions and roots only, so that every machine gives the same bits, and rounded once: within 0.5001 units
/// in the last place. The polynomials are Chebyshev series, with coefficients rounded to double precision.
/// </summary>
internal static class Float32Inverse
{
    private const double HalfPi = 1.5707963267948966;

    // Where the first two terms of a series are as good as the formula, and the formula not yet.
    private const double Small = 1e-3;

    /// <summary>arcsin x.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output, which may be the input's place.</param>
    /// <param name="count">The number of elements.</param>
    public static void Asin(Workspace w, int input, int output, int count) => Float32Map.RunWidened<AsinFunction>(w, input, output, count);

    /// <summary>arccos x; parameters as for the arc sine.</summary>
    public static void Acos(Workspace w, int input, int output, int count) => Float32Map.RunWidened<AcosFunction>(w, input, output, count);

    /// <summary>arctan x; parameters as for the arc sine.</summary>
    public static void Atan(Workspace w, int input, int output, int count) => Float32Map.RunWidened<AtanFunction>(w, input, output, count);

    /// <summary>sinh x; parameters as for the arc sine.</summary>
    public static void Sinh(Workspace w, int input, int output, int count) => Float32Map.RunWidened<SinhFunction>(w, input, output, count);

    /// <summary>cosh x; parameters as for the arc sine.</summary>
    public static void Cosh(Workspace w, int input, int output, int count) => Float32Map.RunWidened<CoshFunction>(w, input, output, count);

    /// <summary>arsinh x; parameters as for the arc sine.</summary>
    public static void Asinh(Workspace w, int input, int output, int count) =>
        Float32Map.RunWidened<AsinhFunction>(w, input, output, count);

    /// <summary>arcosh x; parameters as for the arc sine.</summary>
    public static void Acosh(Workspace w, int input, int output, int count) =>
        Float32Map.RunWidened<AcoshFunction>(w, input, output, count);

    /// <summary>artanh x; parameters as for the arc sine.</summary>
    public static void Atanh(Workspace w, int input, int output, int count) =>
        Float32Map.RunWidened<AtanhFunction>(w, input, output, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Sign<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector> =>
        TLanes.And(x, TLanes.BroadcastBits(Float64Math.SignBit));

    // arcsin |x| up to ½; beyond, arcsin √((1 − |x|) / 2), by which π/2 exceeds arcsin |x| twice (M. Abramowitz and I. A. Stegun, Handbook
    // of Mathematical Functions, 4.4.2 with the half angle, 4.3.20). Beyond 1 it is no number.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector ArcSineOrRest<TVector, TLanes>(TVector x, out TVector isInner)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector magnitude = Float64Math.Abs<TVector, TLanes>(x);
        TVector half = TLanes.Broadcast(0.5);
        isInner = TLanes.LessThan(magnitude, half);
        TVector z = TLanes.Select(
            isInner, TLanes.Multiply(x, x), TLanes.Multiply(TLanes.Subtract(TLanes.Broadcast(1.0), magnitude), half));
        TVector s = TLanes.Select(isInner, magnitude, TLanes.SquareRoot(z));
        // Every other coefficient in a sum of its own, as one sum would wait twice as long for itself.
        TVector square = TLanes.Multiply(z, z);
        TVector odd = TLanes.Broadcast(0.027871289137110143);
        odd = Float64Math.Step<TVector, TLanes>(odd, square, 0.015445133336819308);
        odd = Float64Math.Step<TVector, TLanes>(odd, square, 0.014140941807431192);
        odd = Float64Math.Step<TVector, TLanes>(odd, square, 0.022373010066676288);
        odd = Float64Math.Step<TVector, TLanes>(odd, square, 0.044642857578717755);
        odd = Float64Math.Step<TVector, TLanes>(odd, square, 0.1666666666666695);
        TVector even = TLanes.Broadcast(-0.006822043980671263);
        even = Float64Math.Step<TVector, TLanes>(even, square, 0.0102896411236249);
        even = Float64Math.Step<TVector, TLanes>(even, square, 0.017337192543712077);
        even = Float64Math.Step<TVector, TLanes>(even, square, 0.030381917485400308);
        even = Float64Math.Step<TVector, TLanes>(even, square, 0.07499999999726302);
        even = Float64Math.Step<TVector, TLanes>(even, square, 1.0);
        return TLanes.Multiply(s, TLanes.Add(even, TLanes.Multiply(odd, z)));
    }

    // The angle, NaN beyond 1: of the root of a negative number each processor has a NaN of its own.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Within<TVector, TLanes>(TVector x, TVector angle)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector> =>
        TLanes.Select(
            TLanes.LessThan(TLanes.Broadcast(1.0), Float64Math.Abs<TVector, TLanes>(x)), TLanes.Broadcast(double.NaN), angle);

    // (e^|x| ± e^−|x|) / 2
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector HalfOfPowers<TVector, TLanes>(TVector magnitude, bool difference)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector power = Float64Math.Exp<TVector, TLanes>(magnitude);
        TVector inverse = TLanes.Divide(TLanes.Broadcast(1.0), power);
        return TLanes.Multiply(
            difference ? TLanes.Subtract(power, inverse) : TLanes.Add(power, inverse), TLanes.Broadcast(0.5));
    }

    // The formula with the sign of x, or x + c · x³ near 0 (and so for NaN).
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector OddFunction<TVector, TLanes>(TVector x, TVector formula, double c)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector near = TLanes.Multiply(x, Float64Math.Step<TVector, TLanes>(TLanes.Broadcast(c), TLanes.Multiply(x, x), 1.0));
        TVector isFar = TLanes.LessThan(TLanes.Broadcast(Small), Float64Math.Abs<TVector, TLanes>(x));
        return TLanes.Select(isFar, TLanes.Or(formula, Sign<TVector, TLanes>(x)), near);
    }

    /// <summary>arcsin x.</summary>
    internal struct AsinFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector angle = ArcSineOrRest<TVector, TLanes>(x, out TVector isInner);
            TVector outer = TLanes.Subtract(TLanes.Broadcast(HalfPi), TLanes.Add(angle, angle));
            return Within<TVector, TLanes>(x, TLanes.Or(TLanes.Select(isInner, angle, outer), Sign<TVector, TLanes>(x)));
        }
    }

    /// <summary>arccos x.</summary>
    internal struct AcosFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector angle = ArcSineOrRest<TVector, TLanes>(x, out TVector isInner);
            TVector inner = TLanes.Subtract(TLanes.Broadcast(HalfPi), TLanes.Xor(angle, Sign<TVector, TLanes>(x)));
            TVector twice = TLanes.Add(angle, angle);
            // From 0 upwards, or from π downwards.
            TVector outer = TLanes.Select(
                TLanes.LessThan(x, TLanes.Broadcast(0.0)), TLanes.Subtract(TLanes.Broadcast(2 * HalfPi), twice), twice);
            return Within<TVector, TLanes>(x, TLanes.Select(isInner, inner, outer));
        }
    }

    /// <summary>
    /// arctan x, by that of t = |x|, −1 / |x| or (|x| − 1) / (|x| + 1), whose angles are those of |x| less 0, π/2 and π/4 (Abramowitz and
    /// Stegun, 4.4.34): of a magnitude below tan π/8.
    /// </summary>
    internal struct AtanFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector magnitude = Float64Math.Abs<TVector, TLanes>(x);
            TVector zero = TLanes.Broadcast(0.0);
            TVector one = TLanes.Broadcast(1.0);
            TVector isMiddle = TLanes.LessThan(TLanes.Broadcast(0.41421356237309503), magnitude);
            TVector isLarge = TLanes.LessThan(TLanes.Broadcast(2.414213562373095), magnitude);
            TVector numerator = TLanes.Select(isMiddle, TLanes.Subtract(magnitude, one), magnitude);
            numerator = TLanes.Select(isLarge, TLanes.Broadcast(-1.0), numerator);
            TVector denominator = TLanes.Select(isMiddle, TLanes.Add(magnitude, one), one);
            denominator = TLanes.Select(isLarge, magnitude, denominator);
            TVector start = TLanes.Select(isMiddle, TLanes.Broadcast(HalfPi / 2), zero);
            start = TLanes.Select(isLarge, TLanes.Broadcast(HalfPi), start);

            TVector t = TLanes.Divide(numerator, denominator);
            TVector z = TLanes.Multiply(t, t);
            TVector square = TLanes.Multiply(z, z);
            TVector odd = TLanes.Broadcast(-0.027230204129571136);
            odd = Float64Math.Step<TVector, TLanes>(odd, square, -0.065508621995021);
            odd = Float64Math.Step<TVector, TLanes>(odd, square, -0.0909025549804379);
            odd = Float64Math.Step<TVector, TLanes>(odd, square, -0.1428571393002015);
            odd = Float64Math.Step<TVector, TLanes>(odd, square, -0.3333333333333092);
            TVector even = TLanes.Broadcast(0.05168662080423891);
            even = Float64Math.Step<TVector, TLanes>(even, square, 0.07681039101921847);
            even = Float64Math.Step<TVector, TLanes>(even, square, 0.11111089630927445);
            even = Float64Math.Step<TVector, TLanes>(even, square, 0.19999999997722234);
            even = Float64Math.Step<TVector, TLanes>(even, square, 1.0);
            TVector angle = TLanes.Multiply(t, TLanes.Add(even, TLanes.Multiply(odd, z)));
            return TLanes.Or(TLanes.Add(start, angle), Sign<TVector, TLanes>(x));
        }
    }

    /// <summary>sinh x.</summary>
    internal struct SinhFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector magnitude = Float64Math.Abs<TVector, TLanes>(x);
            TVector far = TLanes.Or(HalfOfPowers<TVector, TLanes>(magnitude, difference: true), Sign<TVector, TLanes>(x));
            // The powers cancel each other out below 1.
            TVector z = TLanes.Multiply(x, x);
            TVector p = TLanes.Broadcast(1.6290047203302096e-10);
            p = Float64Math.Step<TVector, TLanes>(p, z, 2.5049503805057475e-08);
            p = Float64Math.Step<TVector, TLanes>(p, z, 2.7557332743306003e-06);
            p = Float64Math.Step<TVector, TLanes>(p, z, 0.00019841269809566648);
            p = Float64Math.Step<TVector, TLanes>(p, z, 0.008333333333360515);
            p = Float64Math.Step<TVector, TLanes>(p, z, 0.1666666666666663);
            TVector near = TLanes.Multiply(x, Float64Math.Step<TVector, TLanes>(p, z, 1.0));
            return TLanes.Select(TLanes.LessThan(magnitude, TLanes.Broadcast(1.0)), near, far);
        }
    }

    /// <summary>cosh x.</summary>
    internal struct CoshFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector> =>
            HalfOfPowers<TVector, TLanes>(Float64Math.Abs<TVector, TLanes>(x), difference: false);
    }

    /// <summary>ln(|x| + √(x² + 1)).</summary>
    internal struct AsinhFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector root = TLanes.SquareRoot(Float64Math.Step<TVector, TLanes>(x, x, 1.0));
            TVector far = Float64Math.Log<TVector, TLanes>(TLanes.Add(Float64Math.Abs<TVector, TLanes>(x), root));
            return OddFunction<TVector, TLanes>(x, far, -1.0 / 6);
        }
    }

    /// <summary>ln(x + √((x − 1)(x + 1))).</summary>
    internal struct AcoshFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector one = TLanes.Broadcast(1.0);
            TVector root = TLanes.SquareRoot(TLanes.Multiply(TLanes.Subtract(x, one), TLanes.Add(x, one)));
            TVector area = Float64Math.Log<TVector, TLanes>(TLanes.Add(x, root));
            return TLanes.Select(TLanes.LessThan(x, one), TLanes.Broadcast(double.NaN), area);
        }
    }

    /// <summary>½ ln((1 + |x|) / (1 − |x|)).</summary>
    internal struct AtanhFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector one = TLanes.Broadcast(1.0);
            TVector magnitude = Float64Math.Abs<TVector, TLanes>(x);
            TVector ratio = TLanes.Divide(TLanes.Add(one, magnitude), TLanes.Subtract(one, magnitude));
            TVector far = TLanes.Multiply(Float64Math.Log<TVector, TLanes>(ratio), TLanes.Broadcast(0.5));
            return OddFunction<TVector, TLanes>(x, far, 1.0 / 3);
        }
    }
}
