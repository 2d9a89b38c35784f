namespace OptimizerBuild.Lowering.Int8;

/// <summary>
/// The proof that no sum of two neighbouring products of a layer leaves 16 bits, taken from the bytes that its kernel reads: then
/// VPMADDUBSW, which saturates such sums, is exact.
/// </summary>
internal static class PairSumProof
{
    /// <summary>
    /// Whether <c>−2^15 ≤ x0·w0 + x1·w1 &lt; 2^15</c> for all x0, x1 in 0…255 and all weights w0, w1 of two neighbouring bytes, the first
    /// at an even place.
    /// </summary>
    /// <param name="packed">
    /// Packed weights of a dense layer, a convolution or a depthwise convolution: quads of s8 that are multiplied with four neighbouring
    /// inputs (<see cref="Kernels.Int8Packing"/>).
    /// </param>
    public static bool Holds(ReadOnlySpan<byte> packed)
    {
        for (int i = 0; i + 1 < packed.Length; i += 2)
        {
            int first = (sbyte)packed[i];
            int second = (sbyte)packed[i + 1];
            int greatest = 255 * (Math.Max(first, 0) + Math.Max(second, 0));
            int least = 255 * (Math.Min(first, 0) + Math.Min(second, 0));
            if (greatest > short.MaxValue || least < short.MinValue)
                return false;
        }
        return true;
    }
}
