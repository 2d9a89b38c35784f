namespace OptimizerBuild.Kernels;

/// <summary>
/// What the transforms of a Winograd convolution need of vectors of one width. A vector holds as many words (s16) as two of them hold sums
/// (s32).
/// </summary>
/// <typeparam name="TVector">The vector.</typeparam>
internal interface IWinogradLanes<TVector>
    where TVector : struct
{
    /// <summary>The number of s32 lanes.</summary>
    static abstract int Lanes { get; }

    /// <summary>As many bytes as a vector has s16 lanes, widened.</summary>
    static abstract TVector Widen(ref byte source);

    /// <summary>The sums of s16 lanes.</summary>
    static abstract TVector AddWords(TVector left, TVector right);

    /// <summary>The differences of s16 lanes.</summary>
    static abstract TVector SubtractWords(TVector left, TVector right);

    /// <summary>Four times s16 lanes.</summary>
    static abstract TVector QuadrupleWords(TVector value);

    /// <summary>Loads s32 lanes.</summary>
    static abstract TVector Load(ref int source);

    /// <summary>Stores a vector.</summary>
    static abstract void Store(TVector value, ref byte destination);

    /// <summary>The sums of s32 lanes, modulo 2^32.</summary>
    static abstract TVector Add(TVector left, TVector right);

    /// <summary>The differences of s32 lanes, modulo 2^32.</summary>
    static abstract TVector Subtract(TVector left, TVector right);

    /// <summary>A quarter of s32 lanes that are multiples of four.</summary>
    static abstract TVector Quarter(TVector value);

    /// <summary>Four times s32 lanes, modulo 2^32.</summary>
    static abstract TVector Quadruple(TVector value);

    /// <summary>
    /// Numbers of 26 bits, of which s32 lanes have 576 times modulo 2^32: times 0x38E38E39, which is the inverse of 9, it is 64 times.
    /// </summary>
    static abstract TVector DivideBy576(TVector value);
}
