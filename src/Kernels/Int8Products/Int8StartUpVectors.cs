namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// What the products of the start-up path share (<see cref="StartUp"/>): large ones take dot products and requantisation of eight channels
/// on AVX2, small ones the scalar loops.
/// </summary>
/// <remarks>
/// Each type of vector costs the runtime up to half a millisecond when a process meets it first, which is a million scalar products;
/// <c>Vector256</c>'s methods and operators cost more than the instruction sets' own.
/// </remarks>
internal static class Int8StartUpVectors
{
    /// <summary>Multiply-accumulates of a layer for which vectors pay.</summary>
    private const long LeastWorkForVectors = 1_500_000;

    /// <summary>Whether there are vectors for it.</summary>
    public static bool IsSupported => Avx2.IsSupported;

    /// <summary>Whether a layer of so many multiply-accumulates takes vectors.</summary>
    public static bool TakesVectors(Workspace w, long macs) => (macs >= LeastWorkForVectors || w.TakesStepsAsLarge) && IsSupported;

    /// <summary>The sums of eight lanes from two vectors of four lanes, each in two halves side by side.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Join(Vector256<int> first, Vector256<int> second) =>
        Avx2.Permute4x64(Avx2.HorizontalAdd(first, second).AsInt64(), 0b11011000).AsInt32();

    /// <summary>The u8 outputs of eight sums.</summary>
    /// <param name="sums">The sums.</param>
    /// <param name="multipliers">Eight multipliers (s32).</param>
    /// <param name="requantization">The requantisation, to u8.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static ulong Bytes(Vector256<int> sums, ref byte multipliers, in Requantization requantization)
    {
        if (!requantization.FitsUpperHalves)
            return Scalar(sums, ref multipliers, in requantization);
        if (requantization.LeftShift > 0)
            sums = RequantizedRow.Raise(sums, in requantization);
        Vector256<int> factors = Unsafe.ReadUnaligned<Vector256<int>>(ref multipliers);
        Vector256<int> upper = Avx2.Blend(
            Avx2.ShiftRightLogical(Avx2.Multiply(sums, factors), 32).AsInt32(),
            Avx2.Multiply(
                Avx2.ShiftRightLogical(sums.AsInt64(), 32).AsInt32(), Avx2.ShiftRightLogical(factors.AsInt64(), 32).AsInt32()).AsInt32(),
            0b10101010);
        Vector256<int> values = Avx2.ShiftRightArithmetic(
            Avx2.Add(upper, Vector256.Create(requantization.Addend)), Vector128.CreateScalar(requantization.UpperShift));
        Vector128<short> words = Sse2.PackSignedSaturate(values.GetLower(), values.GetUpper());
        Vector128<byte> bytes = Sse2.Min(
            Sse2.Max(Sse2.PackUnsignedSaturate(words, words), Vector128.Create((byte)requantization.Minimum)),
            Vector128.Create((byte)requantization.Maximum));
        return bytes.AsUInt64().ToScalar();
    }

    /// <summary>Stores the first bytes.</summary>
    /// <param name="bytes">Up to eight bytes.</param>
    /// <param name="output">Where the first one goes.</param>
    /// <param name="count">How many are stored.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(ulong bytes, ref byte output, int count)
    {
        if (count == 8)
        {
            Unsafe.WriteUnaligned(ref output, bytes);
            return;
        }

        if (count == 4)
        {
            Unsafe.WriteUnaligned(ref output, unchecked((uint)bytes));
            return;
        }

        for (int i = 0; i < count; i++)
        {
            Unsafe.Add(ref output, i) = unchecked((byte)bytes);
            bytes >>= 8;
        }
    }

    private static ulong Scalar(Vector256<int> sums, ref byte multipliers, in Requantization requantization)
    {
        unchecked
        {
            ulong bytes = 0;
            for (int i = 7; i >= 0; i--)
            {
                long product = (long)sums.GetElement(i) * Unsafe.ReadUnaligned<int>(ref Unsafe.Add(ref multipliers, i * 4));
                bytes = (bytes << 8) | (uint)requantization.Apply(product);
            }

            return bytes;
        }
    }
}
