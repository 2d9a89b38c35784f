namespace OptimizerBuild.Compression.Quantization.Arithmetic;

/// <summary>The proof that sums of bytes fit into 32 bits, taken from their number (docs/arithmetic.md, Pooling and reductions).</summary>
internal static class ByteSums32
{
    /// <summary>The greatest number of terms x − z, each between −255 and 255, whose sum lies between −2^31 and 2^31.</summary>
    public const long MostTerms = int.MaxValue / byte.MaxValue;

    /// <summary>Whether the sum of so many terms fits.</summary>
    public static bool Fit(long terms) => terms <= MostTerms;
}
