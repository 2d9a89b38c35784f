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

    /// <summary>
    /// Requantises four vectors of sums and stores as many u8 outputs in natural order as a vector has bytes, but not more than
    /// <paramref name="count"/>. Only where <see cref="Requantization.FitsUpperHalves"/>.
    /// </summary>
    /// <param name="sums0">The first vector of sums.</param>
    /// <param name="sums1">The second one.</param>
    /// <param name="sums2">The third one.</param>
    /// <param name="sums3">The fourth one.</param>
    /// <param name="multipliers">The first vector's multipliers.</param>
    /// <param name="stride">Bytes from one vector's multipliers to the next one's.</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Where the first output goes.</param>
    /// <param name="count">How many are stored at most.</param>
    static abstract void StoreRow(
        TVector sums0, TVector sums1, TVector sums2, TVector sums3, ref byte multipliers, nint stride, in Requantization requantization,
        ref byte output, int count);
}
