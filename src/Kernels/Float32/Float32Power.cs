namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// x to the power of y of float32 values, computed in double precision from additions, multiplications, divisions and roots only, so that
/// every machine gives the same bits, and rounded once. Whole exponents up to 64 are products and an exponent of ½ is a root, so that
/// powers which float32 can hold come out as such; all others are e^(y · ln x). Within 0.5001 units in the last place. The special cases
/// are those of C's <c>pow</c> (ISO/IEC 9899, F.10.4.4).
/// </summary>
internal struct Float32Power : Float32Binary.IFunction, IFloat64Function
{
    private const double LargestProduct = 64.5;

    // From here on all float32 numbers are even integers.
    private const double Even = 33554432.0;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    static TVector Float32Binary.IFunction.Apply<TVector, TLanes>(TVector a, TVector b) =>
        Float32Widened.Apply<Float32Power, TVector>(a, b);

    /// <inheritdoc/>
    /// <remarks>A method of its own, which loops over rows of each kind share.</remarks>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    static TVector IFloat64Function.Apply<TVector, TLanes>(TVector x, TVector y)
    {
        TVector zero = TLanes.Broadcast(0.0);
        TVector one = TLanes.Broadcast(1.0);
        TVector infinity = TLanes.Broadcast(double.PositiveInfinity);
        TVector magnitude = Float64Math.Abs<TVector, TLanes>(x);
        TVector exponent = Float64Math.Abs<TVector, TLanes>(y);
        TVector even = TLanes.Broadcast(Even);
        TVector bounded = TLanes.Select(TLanes.LessThan(even, exponent), even, exponent);
        TVector shift = TLanes.Broadcast(Float64Math.RoundingShift);
        // The exponent's nearest whole number in the lowest bits.
        TVector whole = TLanes.Add(bounded, shift);
        TVector isWhole = TLanes.Equal(TLanes.Subtract(whole, shift), bounded);
        TVector isProduct = TLanes.And(isWhole, TLanes.LessThan(bounded, TLanes.Broadcast(LargestProduct)));
        TVector isRoot = TLanes.Equal(y, TLanes.Broadcast(0.5));

        TVector power = one;
        if (TLanes.Any(TLanes.Xor(isProduct, TLanes.BroadcastBits(-1))))
        {
            TVector product = TLanes.Multiply(y, Float64Math.Log<TVector, TLanes>(magnitude));
            // ±1 to the power of infinities is 1; 0 · ∞ would be NaN.
            product = TLanes.Select(TLanes.And(TLanes.Equal(magnitude, one), TLanes.Equal(exponent, infinity)), zero, product);
            power = Float64Math.Exp<TVector, TLanes>(product);
            if (TLanes.Any(isRoot))
                power = TLanes.Select(isRoot, TLanes.SquareRoot(magnitude), power);
        }
        if (TLanes.Any(isProduct))
            power = TLanes.Select(isProduct, Product<TVector, TLanes>(magnitude, whole, y), power);

        // Odd whole exponents keep the sign, others have no power of a finite negative number.
        TVector isOdd = TLanes.And(isWhole, TLanes.SubtractBits(TLanes.BroadcastBits(0), TLanes.And(whole, TLanes.BroadcastBits(1))));
        power = TLanes.Xor(power, TLanes.And(TLanes.And(x, TLanes.BroadcastBits(Float64Math.SignBit)), isOdd));
        TVector isNegative = TLanes.And(TLanes.LessThan(x, zero), TLanes.LessThan(magnitude, infinity));
        TVector isReal = TLanes.And(TLanes.Equal(x, x), TLanes.Equal(y, y));
        TVector nan = TLanes.Broadcast(double.NaN);
        power = TLanes.Select(isNegative, TLanes.Select(isWhole, power, nan), power);
        power = TLanes.Select(isReal, power, nan);
        return TLanes.Select(TLanes.Or(TLanes.Equal(y, zero), TLanes.Equal(x, one)), one, power);
    }

    // Square and multiply (Knuth, "The Art of Computer Programming", section 4.6.3): as many steps as the greatest exponent has bits.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Product<TVector, TLanes>(TVector x, TVector whole, TVector y)
        where TVector : struct
        where TLanes : struct, IFloat64Lanes<TVector>
    {
        TVector none = TLanes.BroadcastBits(0);
        TVector result = TLanes.Broadcast(1.0);
        for (int bit = 0; bit < 7; bit++)
        {
            TVector isSet = TLanes.SubtractBits(none, TLanes.And(whole, TLanes.BroadcastBits(1)));
            result = TLanes.Select(isSet, TLanes.Multiply(result, x), result);
            x = TLanes.Multiply(x, x);
            whole = TLanes.ShiftRight(whole, 1);
        }
        return TLanes.Select(TLanes.LessThan(y, TLanes.Broadcast(0.0)), TLanes.Divide(TLanes.Broadcast(1.0), result), result);
    }
}
