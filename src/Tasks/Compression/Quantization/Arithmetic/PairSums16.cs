namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>
/// The proof that no sum of two neighbouring products of a layer leaves 16 bits, taken from the bytes that its kernel reads: then
/// VPMADDUBSW, which saturates such sums, is exact.
/// </summary>
internal static class PairSums16
{
    /// <summary>Whether <c>−2^15 ≤ x0·w0 + x1·w1 &lt; 2^15</c> for all x0, x1 in 0…255.</summary>
    /// <param name="first">The weight w0.</param>
    /// <param name="second">The weight w1.</param>
    public static bool Fit(int first, int second) =>
        255 * (Math.Max(first, 0) + Math.Max(second, 0)) <= short.MaxValue
        && 255 * (Math.Min(first, 0) + Math.Min(second, 0)) >= short.MinValue;

    /// <summary>Whether that holds for all weights at two neighbouring places, the first an even one.</summary>
    /// <param name="packed">
    /// Packed weights of a dense layer, a convolution or a depthwise convolution: quads of s8 that are multiplied with four neighbouring
    /// inputs (<see cref="WeightLayout.Pack"/>).
    /// </param>
    public static bool Fit(ReadOnlySpan<byte> packed)
    {
        for (int i = 0; i + 1 < packed.Length; i += 2)
            if (!Fit((sbyte)packed[i], (sbyte)packed[i + 1]))
                return false;
        return true;
    }
}
