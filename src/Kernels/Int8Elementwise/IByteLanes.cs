namespace OptimizerBuild.Kernels;

/// <summary>
/// Vectors of bytes that elementwise kernels take apart into 16 and 32 bits and put together again, so that one body serves every
/// instruction set. Implementations are empty structs, which the compiler inlines away.
/// </summary>
/// <remarks>
/// Interleaving and narrowing work within blocks of 128 bits, as most instruction sets have it: narrowing what the low and the high
/// interleaving gave restores the order, whatever the vector's width.
/// </remarks>
/// <typeparam name="TVector">The vector; members name the elements they see in it.</typeparam>
internal interface IByteLanes<TVector>
    where TVector : struct
{
    /// <summary>The number of bytes.</summary>
    static abstract int Count { get; }

    /// <summary>The bytes at a place, which need not be aligned.</summary>
    static abstract TVector Load(ref byte from);

    /// <summary>Writes all bytes.</summary>
    static abstract void Store(TVector value, ref byte to);

    /// <summary>Writes the first bytes and not one more.</summary>
    /// <param name="value">The bytes.</param>
    /// <param name="to">Where to.</param>
    /// <param name="count">How many; fewer than <see cref="Count"/>.</param>
    static abstract void Store(TVector value, ref byte to, int count);

    /// <summary>The same byte everywhere.</summary>
    static abstract TVector Repeat(byte value);

    /// <summary>The same s16 everywhere.</summary>
    static abstract TVector Repeat(short value);

    /// <summary>The same s32 everywhere.</summary>
    static abstract TVector Repeat(int value);

    /// <summary>Of each block the lower bytes of both, in turn.</summary>
    static abstract TVector InterleaveLow(TVector first, TVector second);

    /// <summary>Of each block the upper bytes of both, in turn.</summary>
    static abstract TVector InterleaveHigh(TVector first, TVector second);

    /// <summary>Of each block the lower bytes as 16 bits.</summary>
    static abstract TVector WidenLow(TVector bytes);

    /// <summary>Of each block the upper bytes as 16 bits.</summary>
    static abstract TVector WidenHigh(TVector bytes);

    /// <summary>s16 differences, modulo 2^16.</summary>
    static abstract TVector Subtract16(TVector first, TVector second);

    /// <summary>s16 sums, saturated.</summary>
    static abstract TVector AddSaturate16(TVector first, TVector second);

    /// <summary>Products of s16, the two of each 32 bits added up.</summary>
    static abstract TVector MultiplyAddPairs(TVector first, TVector second);

    /// <summary>The upper 32 bits of the 64-bit products of s32.</summary>
    static abstract TVector MultiplyHigh(TVector first, TVector second);

    /// <summary>s32 sums, modulo 2^32.</summary>
    static abstract TVector Add32(TVector first, TVector second);

    /// <summary>The greater ones of s32.</summary>
    static abstract TVector Max32(TVector first, TVector second);

    /// <summary>The lesser ones of s32.</summary>
    static abstract TVector Min32(TVector first, TVector second);

    /// <summary>s32 shifted right, filled up with the sign.</summary>
    static abstract TVector ShiftRight32(TVector value, int count);

    /// <summary>The upper 16 bits of each 32, zero-extended.</summary>
    static abstract TVector UpperHalves(TVector value);

    /// <summary>s32 as s16, saturated: of each block the first vector's, then the second's.</summary>
    static abstract TVector Narrow32(TVector first, TVector second);

    /// <summary>s16 as u8, saturated: of each block the first vector's, then the second's.</summary>
    static abstract TVector Narrow16(TVector first, TVector second);

    /// <summary>The bytes no less than the least and no greater than the greatest.</summary>
    static abstract TVector Clamp(TVector value, TVector least, TVector greatest);
}
