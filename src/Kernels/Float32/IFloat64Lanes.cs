namespace OptimizerBuild.Kernels;

/// <summary>
/// What a function of float32 values that is computed in double precision needs of a vector: each member computes, in each lane, the same
/// bits on every implementation. There is no fused multiply-add among them, because WebAssembly has none: so the bits are the same there,
/// too. Implementations are empty structs, which the compiler inlines away.
/// </summary>
/// <typeparam name="TVector">The vector that holds the lanes; masks are vectors of all-ones and all-zeros lanes.</typeparam>
internal interface IFloat64Lanes<TVector>
    where TVector : struct
{
    /// <summary>The number of lanes.</summary>
    static abstract int Count { get; }

    /// <summary>One lane.</summary>
    static abstract double Lane(TVector value, int index);

    /// <summary>The vector with another value in one lane.</summary>
    static abstract TVector WithLane(TVector vector, int index, double value);

    /// <summary>The same value in all lanes.</summary>
    static abstract TVector Broadcast(double value);

    /// <summary>The same bits in all lanes.</summary>
    static abstract TVector BroadcastBits(long bits);

    /// <summary>a + b.</summary>
    static abstract TVector Add(TVector a, TVector b);

    /// <summary>a − b.</summary>
    static abstract TVector Subtract(TVector a, TVector b);

    /// <summary>a · b.</summary>
    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>a / b.</summary>
    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>√x.</summary>
    static abstract TVector SquareRoot(TVector x);

    /// <summary>A mask of the lanes in which a &lt; b.</summary>
    static abstract TVector LessThan(TVector a, TVector b);

    /// <summary>A mask of the lanes in which a = b.</summary>
    static abstract TVector Equal(TVector a, TVector b);

    /// <summary>Whether a mask has a lane that is set.</summary>
    static abstract bool Any(TVector mask);

    /// <summary>a where the mask is set, else b.</summary>
    static abstract TVector Select(TVector mask, TVector a, TVector b);

    /// <summary>The bitwise conjunction.</summary>
    static abstract TVector And(TVector a, TVector b);

    /// <summary>The bitwise disjunction.</summary>
    static abstract TVector Or(TVector a, TVector b);

    /// <summary>The bitwise difference: bits in which a and b are not equal.</summary>
    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>The lanes' bits added as 64-bit integers, wrapping around.</summary>
    static abstract TVector AddBits(TVector a, TVector b);

    /// <summary>The lanes' bits subtracted as 64-bit integers, wrapping around.</summary>
    static abstract TVector SubtractBits(TVector a, TVector b);

    /// <summary>The lanes' bits shifted to the left.</summary>
    static abstract TVector ShiftLeft(TVector a, int count);

    /// <summary>The lanes' bits shifted to the right as unsigned integers.</summary>
    static abstract TVector ShiftRight(TVector a, int count);
}
