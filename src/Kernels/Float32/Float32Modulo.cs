namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// Remainders of divisions of float32 values: exact, as whole quotients below 2^27 times a divisor of 24 bits are in double precision.
/// Lanes with greater quotients, with zeros as divisors and with infinities go one by one through <see cref="Remainder"/>.
/// </summary>
internal static class Float32Modulo
{
    private const double LargestQuotient = 134217728.0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Rest<TVector, TLanes>(TVector x, TVector y)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector dividend = Float64Math.Abs<TVector, TLanes>(x);
        TVector divisor = Float64Math.Abs<TVector, TLanes>(y);
        TVector quotient = TLanes.Divide(dividend, divisor);
        TVector shift = TLanes.Broadcast(Float64Math.RoundingShift);
        TVector whole = TLanes.Subtract(TLanes.Add(quotient, shift), shift);
        TVector excess = TLanes.And(TLanes.LessThan(quotient, whole), TLanes.Broadcast(1.0));
        TVector rest = TLanes.Subtract(dividend, TLanes.Multiply(TLanes.Subtract(whole, excess), divisor));
        rest = TLanes.Or(rest, TLanes.And(x, TLanes.BroadcastBits(Float64Math.SignBit)));
        TVector isOrdinary = TLanes.And(
            TLanes.LessThan(quotient, TLanes.Broadcast(LargestQuotient)),
            TLanes.LessThan(divisor, TLanes.Broadcast(double.PositiveInfinity)));
        return TLanes.Any(TLanes.Xor(isOrdinary, TLanes.BroadcastBits(-1))) ? OneByOne<TVector, TLanes>(x, y, isOrdinary, rest) : rest;
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static TVector OneByOne<TVector, TLanes>(TVector x, TVector y, TVector isOrdinary, TVector rest)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        for (int i = 0; i < TLanes.Count; i++)
        {
            if (Float64Lanes1.Any(TLanes.Lane(isOrdinary, i)))
                continue;
            rest = TLanes.WithLane(rest, i, Remainder.Of((float)TLanes.Lane(x, i), (float)TLanes.Lane(y, i), truncates: true));
        }
        return rest;
    }

    /// <summary>The remainder with the dividend's sign.</summary>
    internal struct Truncated : Float32Binary.IFunction, IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static TVector Float32Binary.IFunction.Apply<TVector, TLanes>(TVector a, TVector b) =>
            Float32Widened.Apply<Truncated, TVector>(a, b);

        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static TVector IFloat64Function.Apply<TVector, TLanes>(TVector x, TVector y) => Rest<TVector, TLanes>(x, y);
    }

    /// <summary>The remainder with the divisor's sign; zeros keep the dividend's.</summary>
    internal struct Floored : Float32Binary.IFunction, IFloat64Function
    {
        /// <inheritdoc/>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static TVector Float32Binary.IFunction.Apply<TVector, TLanes>(TVector a, TVector b) =>
            Float32Widened.Apply<Floored, TVector>(a, b);

        /// <inheritdoc/>
        /// <remarks>The sum of two float32 numbers is rounded to float32 as if it had been exact before.</remarks>
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        static TVector IFloat64Function.Apply<TVector, TLanes>(TVector x, TVector y)
        {
            TVector rest = Rest<TVector, TLanes>(x, y);
            TVector hasOtherSign = TLanes.SubtractBits(TLanes.BroadcastBits(0), TLanes.ShiftRight(TLanes.Xor(rest, y), 63));
            TVector moved = TLanes.Select(hasOtherSign, TLanes.Add(rest, y), rest);
            return TLanes.Select(TLanes.Equal(rest, TLanes.Broadcast(0.0)), rest, moved);
        }
    }
}
