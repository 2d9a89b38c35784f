namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// The proof that the sums of a dot product fit into 32 bits, taken from its actual weights (docs/arithmetic.md, Dot products).
/// </summary>
internal static class AccumulatorBound
{
    /// <summary>The bound below which every magnitude must lie.</summary>
    public const long Limit = 1L << 31;

    /// <summary>
    /// Whether <c>|bias − z·Σw| + 255·Σ|w| &lt; 2^31</c> holds for every channel. Where it does not, Lowering splits the sums into
    /// blocks that are added in 64 bits.
    /// </summary>
    public static bool Holds(DotProductLayer layer, WeightQuantization weights, int zeroPoint) =>
        Magnitudes(layer, weights, zeroPoint).All(m => m < Limit);

    /// <summary>For each channel <c>|bias − z·Σw| + 255·Σ|w|</c>, which no sum exceeds.</summary>
    public static long[] Magnitudes(DotProductLayer layer, WeightQuantization weights, int zeroPoint) =>
        [.. Enumerable.Range(0, layer.Channels).Select(c => Greatest(layer, weights, c, zeroPoint))];

    private static long Greatest(DotProductLayer layer, WeightQuantization weights, int channel, int zeroPoint)
    {
        long sum = 0;
        long absolute = 0;
        for (int k = 0; k < layer.Length; k++)
        {
            int w = weights.Values[layer.Index(channel, k)];
            sum += w;
            absolute += Math.Abs(w);
        }
        return Math.Abs(weights.Bias[channel] - (zeroPoint * sum)) + (255 * absolute);
    }
}
