namespace OptimizerBuild.Kernels;

/// <summary>What the depthwise kernel needs of a vector width beside dot products: interleaving channels and storing them again.</summary>
/// <typeparam name="TVector">The vector of s32 lanes.</typeparam>
internal interface IDepthwiseVector<TVector>
    where TVector : struct
{
    /// <summary>Bytes of a vector, and channels of its block.</summary>
    static abstract int Bytes { get; }

    /// <summary>
    /// Writes four vectors of quads: in each s32 lane the bytes of one channel out of four rows, the channels in the order of
    /// <see cref="Int8DepthwiseLayout"/>.
    /// </summary>
    static abstract void Interleave(ref byte row0, ref byte row1, ref byte row2, ref byte row3, ref byte quads);

    /// <summary>Quads of weights moved one row down: for the output row below, where quads hold one input row more.</summary>
    static abstract TVector OneRowDown(TVector weights);

    /// <summary>
    /// The u8 outputs of four vectors of sums, in natural order. Only where <see cref="Requantization.FitsUpperHalves"/>.
    /// </summary>
    static abstract TVector Requantize(
        TVector sums0, TVector sums1, TVector sums2, TVector sums3, TVector multipliers0, TVector multipliers1, TVector multipliers2,
        TVector multipliers3, in Requantization requantization);

    /// <summary>Stores the bytes of a vector, but not more than <paramref name="count"/>.</summary>
    static abstract void StoreBytes(TVector bytes, ref byte output, int count);
}
