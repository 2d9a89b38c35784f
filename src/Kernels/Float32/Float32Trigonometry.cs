namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Sine, cosine and tangent of float32 values, computed in double precision by additions and multiplications (and a division) only, so that
/// every machine gives the same bits, and rounded once. The argument is reduced to a quarter turn, up to 2^20 by subtracting multiples of
/// π/2 in three parts (W. J. Cody and W. Waite, Software Manual for the Elementary Functions, 1980, chapter 8), beyond that by
/// <see cref="QuarterTurns"/>; then come Chebyshev series of sine and cosine, with coefficients rounded to double precision. Within 0.5001
/// units in the last place for all numbers; NaN for infinities.
/// </summary>
internal static class Float32Trigonometry
{
    private const double TwoOverPi = 0.6366197723675814;

    // π/2 in parts of 33 bits, so that their products with a 20-bit integer are exact.
    private const double HalfPi1 = 1.5707963267341256;
    private const double HalfPi2 = 6.077100506303966e-11;
    private const double HalfPi3 = 2.0222662487959506e-21;

    // Up to here there are at most 2^20 quarter turns.
    private const double Moderate = 1048576.0;

    /// <summary>sin x.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output, which may be the input's place.</param>
    /// <param name="count">The number of elements.</param>
    public static void Sin(Workspace w, int input, int output, int count) => Float32Map.RunWidened<SineFunction>(w, input, output, count);

    /// <summary>cos x; parameters as for the sine.</summary>
    public static void Cos(Workspace w, int input, int output, int count) => Float32Map.RunWidened<CosineFunction>(w, input, output, count);

    /// <summary>tan x; parameters as for the sine.</summary>
    public static void Tan(Workspace w, int input, int output, int count) =>
        Float32Map.RunWidened<TangentFunction>(w, input, output, count);

    // x = n · π/2 + r with |r| ≤ π/4; the lowest bits of what is returned are those of n.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Reduce<TVector, TLanes>(TVector x, out TVector r)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector shift = TLanes.Broadcast(Float64Math.RoundingShift);
        TVector shifted = TLanes.Add(TLanes.Multiply(x, TLanes.Broadcast(TwoOverPi)), shift);
        TVector n = TLanes.Subtract(shifted, shift);
        TVector rest = TLanes.Subtract(x, TLanes.Multiply(n, TLanes.Broadcast(HalfPi1)));
        rest = TLanes.Subtract(rest, TLanes.Multiply(n, TLanes.Broadcast(HalfPi2)));
        rest = TLanes.Subtract(rest, TLanes.Multiply(n, TLanes.Broadcast(HalfPi3)));
        if (TLanes.Any(TLanes.LessThan(TLanes.Broadcast(Moderate), Float64Math.Abs<TVector, TLanes>(x))))
        {
            // Variables of their own, so that the others stay in registers.
            TVector exactRest = rest;
            TVector exactTurns = shifted;
            ReduceLarge<TVector, TLanes>(x, ref exactRest, ref exactTurns);
            rest = exactRest;
            shifted = exactTurns;
        }
        r = rest;
        return shifted;
    }

    // The same, lane by lane, where arguments are large.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static void ReduceLarge<TVector, TLanes>(TVector x, ref TVector r, ref TVector shifted)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        for (int i = 0; i < TLanes.Count; i++)
        {
            double value = TLanes.Lane(x, i);
            if (!(Math.Abs(value) > Moderate))
                continue;
            int turns = QuarterTurns.Of((float)value, out double rest);
            r = TLanes.WithLane(r, i, rest);
            shifted = TLanes.WithLane(shifted, i, Float64Math.RoundingShift + turns);
        }
    }

    // sin r, odd, so that zeros keep their sign.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector SineSeries<TVector, TLanes>(TVector r, TVector square)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector p = TLanes.Broadcast(1.5918127891706008e-10);
        p = Float64Math.Step<TVector, TLanes>(p, square, -2.505113182552765e-08);
        p = Float64Math.Step<TVector, TLanes>(p, square, 2.755731610245899e-06);
        p = Float64Math.Step<TVector, TLanes>(p, square, -0.00019841269836758395);
        p = Float64Math.Step<TVector, TLanes>(p, square, 0.008333333333330948);
        p = Float64Math.Step<TVector, TLanes>(p, square, -0.16666666666666666);
        return TLanes.Multiply(r, Float64Math.Step<TVector, TLanes>(p, square, 1.0));
    }

    // cos r.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector CosineSeries<TVector, TLanes>(TVector square)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector p = TLanes.Broadcast(2.066550276776923e-09);
        p = Float64Math.Step<TVector, TLanes>(p, square, -2.7555855482748434e-07);
        p = Float64Math.Step<TVector, TLanes>(p, square, 2.4801582623211935e-05);
        p = Float64Math.Step<TVector, TLanes>(p, square, -0.001388888888212768);
        p = Float64Math.Step<TVector, TLanes>(p, square, 0.04166666666663092);
        p = Float64Math.Step<TVector, TLanes>(p, square, -0.49999999999999967);
        return Float64Math.Step<TVector, TLanes>(p, square, 1.0);
    }

    // A mask of the lanes with an odd number of quarter turns.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Odd<TVector, TLanes>(TVector turns)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector> =>
        TLanes.SubtractBits(TLanes.BroadcastBits(0), TLanes.And(turns, TLanes.BroadcastBits(1)));

    // sin(r + turns · π/2)
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Turned<TVector, TLanes>(TVector r, TVector turns)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector square = TLanes.Multiply(r, r);
        TVector value = TLanes.Select(
            Odd<TVector, TLanes>(turns), CosineSeries<TVector, TLanes>(square), SineSeries<TVector, TLanes>(r, square));
        // From the third quarter on the sign changes.
        return TLanes.Xor(value, TLanes.ShiftLeft(TLanes.And(turns, TLanes.BroadcastBits(2)), 62));
    }

    /// <summary>sin x.</summary>
    internal struct SineFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector turns = Reduce<TVector, TLanes>(x, out TVector r);
            return Turned<TVector, TLanes>(r, turns);
        }
    }

    /// <summary>cos x.</summary>
    internal struct CosineFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector turns = Reduce<TVector, TLanes>(x, out TVector r);
            return Turned<TVector, TLanes>(r, TLanes.AddBits(turns, TLanes.BroadcastBits(1)));
        }
    }

    /// <summary>tan x: sin r / cos r, or −cos r / sin r a quarter turn on.</summary>
    internal struct TangentFunction : IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector y)
            where TVector : struct
            where TLanes : struct, IFloat64Lanes<TVector>
        {
            TVector turns = Reduce<TVector, TLanes>(x, out TVector r);
            TVector square = TLanes.Multiply(r, r);
            TVector sine = SineSeries<TVector, TLanes>(r, square);
            TVector cosine = CosineSeries<TVector, TLanes>(square);
            TVector odd = Odd<TVector, TLanes>(turns);
            TVector quotient = TLanes.Divide(TLanes.Select(odd, cosine, sine), TLanes.Select(odd, sine, cosine));
            return TLanes.Xor(quotient, TLanes.And(odd, TLanes.BroadcastBits(Float64Math.SignBit)));
        }
    }
}
