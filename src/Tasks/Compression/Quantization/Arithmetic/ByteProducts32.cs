namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>How many products of two bytes less their zero points 32 bits hold: 255² · 33,025 &lt; 2^31 ≤ 255² · 33,026.</summary>
internal static class ByteProducts32
{
    private const long MostTerms = 33_025;

    /// <summary>Whether the sum of so many products of two bytes, each less its zero point, stays below 2^31 in magnitude.</summary>
    public static bool Fit(long terms) => terms <= MostTerms;
}
