namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Panels of a <see cref="SignProduct"/> with 128-bit vectors: SSE4.1, where half bytes are looked up as in <see cref="SignTile256"/>,
/// and Arm and WebAssembly, which count the ones of each byte by an instruction.
/// </summary>
internal static class SignTile128
{
    private const int MostWords = 31;

    /// <summary>Eight outputs of one pixel for each panel. Parameters as of <see cref="SignTile256.Run"/>.</summary>
    public static void Run(
        ref ulong negative, ref ulong nonzero, int terms, ref ulong weights, int words, ref float scales, ref float biases,
        float minimum, float maximum, int panels, ref float results)
    {
        unchecked
        {
            for (int output = 0; output < panels * SignProduct.PanelWidth; output += 4)
            {
                ref ulong panel = ref Unsafe.Add(ref weights, (output & ~7) * words);
                Four(
                    ref negative, ref nonzero, terms, ref Unsafe.Add(ref panel, output & 4), words, ref Unsafe.Add(ref scales, output),
                    ref Unsafe.Add(ref biases, output), minimum, maximum, ref Unsafe.Add(ref results, output));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Four(
        ref ulong negative, ref ulong nonzero, int terms, ref ulong weights, int words, ref float scales, ref float biases,
        float minimum, float maximum, ref float results)
    {
        unchecked
        {
            Vector128<uint> lower = Vector128<uint>.Zero, upper = Vector128<uint>.Zero;
            for (int start = 0; start < words; start += MostWords)
            {
                int end = words - start < MostWords ? words : start + MostWords;
                Vector128<byte> a = Vector128<byte>.Zero, b = Vector128<byte>.Zero;
                for (int i = start; i < end; i++)
                {
                    Vector128<ulong> signs = Vector128.Create(Unsafe.Add(ref negative, i));
                    Vector128<ulong> some = Vector128.Create(Unsafe.Add(ref nonzero, i));
                    a += Bits(((signs ^ Vector128.LoadUnsafe(ref weights)) & some).AsByte());
                    b += Bits(((signs ^ Vector128.LoadUnsafe(ref weights, 2)) & some).AsByte());
                    weights = ref Unsafe.Add(ref weights, SignProduct.PanelWidth);
                }

                lower += Sums(a);
                upper += Sums(b);
            }

            // Two lanes for each output.
            Vector128<int> differing = Vector128.Create(
                lower.GetElement(0) + lower.GetElement(1), lower.GetElement(2) + lower.GetElement(3),
                upper.GetElement(0) + upper.GetElement(1), upper.GetElement(2) + upper.GetElement(3)).AsInt32();
            Vector128<float> value = Vector128.ConvertToSingle(Vector128.Create(terms) - (differing + differing));
            value = (value * Vector128.LoadUnsafe(ref scales)) + Vector128.LoadUnsafe(ref biases);
            Vector128<float> least = Vector128.Create(minimum), greatest = Vector128.Create(maximum);
            value = Vector128.ConditionalSelect(Vector128.LessThan(value, least), least, value);
            value = Vector128.ConditionalSelect(Vector128.GreaterThan(value, greatest), greatest, value);
            value.StoreUnsafe(ref results);
        }
    }

    // The number of ones in each byte.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Bits(Vector128<byte> bytes)
    {
        if (AdvSimd.IsSupported)
            return AdvSimd.PopCount(bytes);
        if (PackedSimd.IsSupported)
            return PackedSimd.PopCount(bytes);
        Vector128<byte> table = Vector128.Create((byte)0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4);
        Vector128<byte> half = Vector128.Create((byte)15);
        return Ssse3.Shuffle(table, bytes & half) + Ssse3.Shuffle(table, (bytes.AsUInt16() >>> 4).AsByte() & half);
    }

    // Sums of bytes, those of eight in two lanes.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> Sums(Vector128<byte> bytes)
    {
        if (AdvSimd.IsSupported)
            return AdvSimd.AddPairwiseWidening(AdvSimd.AddPairwiseWidening(bytes));
        if (PackedSimd.IsSupported)
            return PackedSimd.AddPairwiseWidening(PackedSimd.AddPairwiseWidening(bytes));
        return Sse2.SumAbsoluteDifferences(bytes, Vector128<byte>.Zero).AsUInt32();
    }
}
