namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// <see cref="Int4RowTile"/> with AVX2 without VNNI. The sum of two products of a byte and a code is at most 2 · 255 · 15 = 7,650, so that
/// VPMADDUBSW is exact and four quads add up in 16 bits (30,600) before they are widened: a quarter of the VPMADDWD of s8 weights. Two
/// panels at most, whose sums and inputs have room in 16 registers.
/// </summary>
internal static class Int4RowPairTile
{
    /// <summary>Sums products. Parameters as in <see cref="Int4RowTile"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TPanels>(ref byte source, int quads, ref byte codes, nint panelBytes, ref int sums)
        where TPanels : struct, IExtent
    {
        unchecked
        {
            Vector256<int> low0 = default;
            Vector256<int> low1 = default;
            Vector256<int> high0 = default;
            Vector256<int> high1 = default;
            int k = quads;
            for (; k > 3; k -= 4)
            {
                Vector256<byte> x0 = Quad(ref source);
                Vector256<byte> x1 = Quad(ref Unsafe.Add(ref source, 4));
                Vector256<byte> x2 = Quad(ref Unsafe.Add(ref source, 8));
                Vector256<byte> x3 = Quad(ref Unsafe.Add(ref source, 12));
                Four(x0, x1, x2, x3, ref codes, ref low0, ref high0);
                if (Unsafe.SizeOf<TPanels>() > 1)
                    Four(x0, x1, x2, x3, ref Unsafe.Add(ref codes, panelBytes), ref low1, ref high1);
                source = ref Unsafe.Add(ref source, 16);
                codes = ref Unsafe.Add(ref codes, 128);
            }

            for (; k > 0; k--)
            {
                Vector256<byte> x = Quad(ref source);
                One(x, ref codes, ref low0, ref high0);
                if (Unsafe.SizeOf<TPanels>() > 1)
                    One(x, ref Unsafe.Add(ref codes, panelBytes), ref low1, ref high1);
                source = ref Unsafe.Add(ref source, 4);
                codes = ref Unsafe.Add(ref codes, 32);
            }

            low0.StoreUnsafe(ref sums);
            high0.StoreUnsafe(ref Unsafe.Add(ref sums, 8));
            if (Unsafe.SizeOf<TPanels>() > 1)
            {
                low1.StoreUnsafe(ref Unsafe.Add(ref sums, 16));
                high1.StoreUnsafe(ref Unsafe.Add(ref sums, 24));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Quad(ref byte source) => Vector256.Create(Unsafe.ReadUnaligned<int>(ref source)).AsByte();

    /// <summary>Four quads times a panel.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        Vector256<byte> x0, Vector256<byte> x1, Vector256<byte> x2, Vector256<byte> x3, ref byte codes, ref Vector256<int> low,
        ref Vector256<int> high)
    {
        Pairs(x0, ref codes, out Vector256<short> lower, out Vector256<short> upper);
        Pairs(x1, ref Unsafe.Add(ref codes, 32), out Vector256<short> nextLower, out Vector256<short> nextUpper);
        lower += nextLower;
        upper += nextUpper;
        Pairs(x2, ref Unsafe.Add(ref codes, 64), out nextLower, out nextUpper);
        lower += nextLower;
        upper += nextUpper;
        Pairs(x3, ref Unsafe.Add(ref codes, 96), out nextLower, out nextUpper);
        low += Avx2.MultiplyAddAdjacent(lower + nextLower, Vector256<short>.One);
        high += Avx2.MultiplyAddAdjacent(upper + nextUpper, Vector256<short>.One);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void One(Vector256<byte> x, ref byte codes, ref Vector256<int> low, ref Vector256<int> high)
    {
        Pairs(x, ref codes, out Vector256<short> lower, out Vector256<short> upper);
        low += Avx2.MultiplyAddAdjacent(lower, Vector256<short>.One);
        high += Avx2.MultiplyAddAdjacent(upper, Vector256<short>.One);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Pairs(Vector256<byte> x, ref byte codes, out Vector256<short> lower, out Vector256<short> upper)
    {
        NibbleLanes.Load(ref codes, out Vector256<int> low, out Vector256<int> high);
        lower = Avx2.MultiplyAddAdjacent(x, low.AsSByte());
        upper = Avx2.MultiplyAddAdjacent(x, high.AsSByte());
    }
}
