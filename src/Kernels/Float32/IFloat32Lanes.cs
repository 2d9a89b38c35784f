namespace OptimizerBuild.Kernels;

/// <summary>
/// What a float32 kernel needs of a vector, so that one body serves every instruction set: each member computes, in each lane, the
/// same bits on every implementation. Implementations are empty structs, which the compiler inlines away.
/// </summary>
/// <typeparam name="TVector">The vector that holds the lanes; masks are vectors of all-ones and all-zeros lanes.</typeparam>
internal interface IFloat32Lanes<TVector>
    where TVector : struct
{
    /// <summary>The number of lanes.</summary>
    static abstract int Count { get; }

    /// <summary>The lanes at a place, which need not be aligned.</summary>
    static abstract TVector Load(ref float from);

    /// <summary>Writes all lanes.</summary>
    static abstract void Store(TVector value, ref float to);

    /// <summary>One lane.</summary>
    static abstract float Lane(TVector value, int index);

    /// <summary>The same value in all lanes.</summary>
    static abstract TVector Broadcast(float value);

    /// <summary>The same bits in all lanes.</summary>
    static abstract TVector BroadcastBits(int bits);

    /// <summary>a + b.</summary>
    static abstract TVector Add(TVector a, TVector b);

    /// <summary>a − b.</summary>
    static abstract TVector Subtract(TVector a, TVector b);

    /// <summary>a · b.</summary>
    static abstract TVector Multiply(TVector a, TVector b);

    /// <summary>a / b.</summary>
    static abstract TVector Divide(TVector a, TVector b);

    /// <summary>a · b + c, rounded once.</summary>
    static abstract TVector FusedMultiplyAdd(TVector a, TVector b, TVector c);

    /// <summary>a where a &gt; b, else b: also where one of them is NaN or both are zeros.</summary>
    static abstract TVector Max(TVector a, TVector b);

    /// <summary>a where a &lt; b, else b: also where one of them is NaN or both are zeros.</summary>
    static abstract TVector Min(TVector a, TVector b);

    /// <summary>√x.</summary>
    static abstract TVector SquareRoot(TVector x);

    /// <summary>A mask of the lanes in which a &lt; b.</summary>
    static abstract TVector LessThan(TVector a, TVector b);

    /// <summary>A mask of the lanes in which a = b.</summary>
    static abstract TVector Equal(TVector a, TVector b);

    /// <summary>a where the mask is set, else b.</summary>
    static abstract TVector Select(TVector mask, TVector a, TVector b);

    /// <summary>The bitwise conjunction.</summary>
    static abstract TVector And(TVector a, TVector b);

    /// <summary>The bitwise disjunction.</summary>
    static abstract TVector Or(TVector a, TVector b);

    /// <summary>The bitwise difference: bits in which a and b are not equal.</summary>
    static abstract TVector Xor(TVector a, TVector b);

    /// <summary>The lanes' bits added as 32-bit integers, wrapping around.</summary>
    static abstract TVector AddBits(TVector a, TVector b);

    /// <summary>The lanes' bits subtracted as 32-bit integers, wrapping around.</summary>
    static abstract TVector SubtractBits(TVector a, TVector b);

    /// <summary>The lanes' bits shifted to the left.</summary>
    static abstract TVector ShiftLeft(TVector a, int count);

    /// <summary>The lanes' bits shifted to the right as signed integers.</summary>
    static abstract TVector ShiftRight(TVector a, int count);

    /// <summary>The lanes' bits, read as signed integers, as real numbers.</summary>
    static abstract TVector IntegerToReal(TVector a);
}
