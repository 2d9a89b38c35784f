namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Panels of a <see cref="SignProduct"/> with AVX2: a word of the inputs meets those of four outputs at once, the ones of each half byte
/// are looked up (W. Muła, N. Kurz, D. Lemire, "Faster population counts using AVX2 instructions", arXiv 1611.07612), and the counts of up
/// to 31 words, at most 248, add up in bytes.
/// </summary>
internal static class SignTile256
{
    private const int MostWords = 31;

    /// <summary>Eight outputs of one pixel for each panel.</summary>
    /// <param name="negative">The line of negative inputs.</param>
    /// <param name="nonzero">The line of inputs that are not zero.</param>
    /// <param name="hasZeros">Whether any input is zero.</param>
    /// <param name="terms">The number of inputs that are not zero.</param>
    /// <param name="weights">The first panel; the others follow.</param>
    /// <param name="words">Words of a line.</param>
    /// <param name="scales">Scales of the outputs.</param>
    /// <param name="biases">Biases of the outputs.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    /// <param name="panels">The number of panels.</param>
    /// <param name="results">Receives eight outputs for each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run(
        ref ulong negative, ref ulong nonzero, bool hasZeros, int terms, ref ulong weights, int words, ref float scales,
        ref float biases, float minimum, float maximum, int panels, ref float results)
    {
        unchecked
        {
            Vector256<byte> ones = Vector256.Create(
                (byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4, 0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
            Vector256<byte> half = Vector256.Create((byte)15);
            for (; panels > 0; panels--)
            {
                Vector256<ulong> lower = Vector256<ulong>.Zero, upper = Vector256<ulong>.Zero;
                for (int start = 0; start < words; start += MostWords)
                {
                    int end = words - start < MostWords ? words : start + MostWords;
                    Vector256<byte> a = Vector256<byte>.Zero, b = Vector256<byte>.Zero;
                    if (hasZeros)
                    {
                        for (int i = start; i < end; i++)
                        {
                            Vector256<ulong> signs = Vector256.Create(Unsafe.Add(ref negative, i));
                            Vector256<ulong> some = Vector256.Create(Unsafe.Add(ref nonzero, i));
                            a += Bits((signs ^ Vector256.LoadUnsafe(ref weights)) & some, ones, half);
                            b += Bits((signs ^ Vector256.LoadUnsafe(ref weights, 4)) & some, ones, half);
                            weights = ref Unsafe.Add(ref weights, SignProduct.PanelWidth);
                        }
                    }
                    else
                    {
                        for (int i = start; i < end; i++)
                        {
                            Vector256<ulong> signs = Vector256.Create(Unsafe.Add(ref negative, i));
                            a += Bits(signs ^ Vector256.LoadUnsafe(ref weights), ones, half);
                            b += Bits(signs ^ Vector256.LoadUnsafe(ref weights, 4), ones, half);
                            weights = ref Unsafe.Add(ref weights, SignProduct.PanelWidth);
                        }
                    }

                    lower += Avx2.SumAbsoluteDifferences(a, Vector256<byte>.Zero).AsUInt64();
                    upper += Avx2.SumAbsoluteDifferences(b, Vector256<byte>.Zero).AsUInt64();
                }

                Vector256<int> differing = Vector256.Narrow(lower, upper).AsInt32();
                Vector256<float> value = Vector256.ConvertToSingle(Vector256.Create(terms) - (differing + differing));
                value = (value * Vector256.LoadUnsafe(ref scales)) + Vector256.LoadUnsafe(ref biases);
                Vector256<float> least = Vector256.Create(minimum), greatest = Vector256.Create(maximum);
                value = Vector256.ConditionalSelect(Vector256.LessThan(value, least), least, value);
                value = Vector256.ConditionalSelect(Vector256.GreaterThan(value, greatest), greatest, value);
                value.StoreUnsafe(ref results);
                scales = ref Unsafe.Add(ref scales, SignProduct.PanelWidth);
                biases = ref Unsafe.Add(ref biases, SignProduct.PanelWidth);
                results = ref Unsafe.Add(ref results, SignProduct.PanelWidth);
            }
        }
    }

    // The number of ones in each byte.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Bits(Vector256<ulong> words, Vector256<byte> ones, Vector256<byte> half) =>
        Avx2.Shuffle(ones, words.AsByte() & half) + Avx2.Shuffle(ones, (words.AsUInt16() >>> 4).AsByte() & half);
}
