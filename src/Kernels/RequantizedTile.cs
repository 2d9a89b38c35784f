namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Requantises and stores several rows of 16 sums at once, where the outputs use all levels of u8 (<see cref="RequantizedRow"/> does the
/// same for a row with bounds). Rows are packed together, so that what narrows, orders and stores is spent once for two or four of them;
/// the saturation of packing is the clamp.
/// </summary>
internal static class RequantizedTile
{
    /// <summary>Whether there are vectors for this.</summary>
    public static bool IsSupported
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => Avx2.IsSupported;
    }

    /// <summary>Four rows of two vectors each.</summary>
    /// <param name="multipliers">The multipliers of the 16 channels.</param>
    /// <param name="requantization">The requantisation; only its shift and zero point are used.</param>
    /// <param name="output">Where the offsets start.</param>
    /// <param name="offset0">The offset of the first row's outputs; the others follow.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector256<int> first0, Vector256<int> second0, Vector256<int> first1, Vector256<int> second1, Vector256<int> first2,
        Vector256<int> second2, Vector256<int> first3, Vector256<int> second3, ref byte multipliers, in Requantization requantization,
        ref byte output, nint offset0, nint offset1, nint offset2, nint offset3)
    {
        if (RequantizedRow.Has512)
        {
            Vector512<int> even = Vector512.LoadUnsafe(ref multipliers).AsInt32();
            Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
            Vector512<int> addend = Vector512.Create(requantization.Addend);
            Vector128<int> shift = Vector128.CreateScalar(requantization.UpperShift);
            Vector512<short> words01 = Avx512BW.PackSignedSaturate(
                Values(first0, second0, even, odd, addend, shift), Values(first1, second1, even, odd, addend, shift));
            Vector512<short> words23 = Avx512BW.PackSignedSaturate(
                Values(first2, second2, even, odd, addend, shift), Values(first3, second3, even, odd, addend, shift));
            Vector512<byte> bytes = Avx512F.PermuteVar16x32(
                Avx512BW.PackUnsignedSaturate(words01, words23).AsInt32(),
                Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)).AsByte();
            bytes.GetLower().GetLower().StoreUnsafe(ref Unsafe.Add(ref output, offset0));
            Avx512F.ExtractVector128(bytes, 1).StoreUnsafe(ref Unsafe.Add(ref output, offset1));
            Avx512F.ExtractVector128(bytes, 2).StoreUnsafe(ref Unsafe.Add(ref output, offset2));
            Avx512F.ExtractVector128(bytes, 3).StoreUnsafe(ref Unsafe.Add(ref output, offset3));
        }
        else
        {
            Store(first0, second0, first1, second1, ref multipliers, in requantization, ref output, offset0, offset1);
            Store(first2, second2, first3, second3, ref multipliers, in requantization, ref output, offset2, offset3);
        }
    }

    /// <summary>Two rows of two vectors each.</summary>
    /// <param name="multipliers">The multipliers of the 16 channels.</param>
    /// <param name="requantization">The requantisation; only its shift and zero point are used.</param>
    /// <param name="output">Where the offsets start.</param>
    /// <param name="offset0">The offset of the first row's outputs.</param>
    /// <param name="offset1">The offset of the second row's outputs.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector256<int> first0, Vector256<int> second0, Vector256<int> first1, Vector256<int> second1, ref byte multipliers,
        in Requantization requantization, ref byte output, nint offset0, nint offset1)
    {
        if (RequantizedRow.Has512)
        {
            Vector512<int> even = Vector512.LoadUnsafe(ref multipliers).AsInt32();
            Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
            Vector512<int> addend = Vector512.Create(requantization.Addend);
            Vector128<int> shift = Vector128.CreateScalar(requantization.UpperShift);
            Vector512<short> words = Avx512BW.PackSignedSaturate(
                Values(first0, second0, even, odd, addend, shift), Values(first1, second1, even, odd, addend, shift));
            Vector512<byte> bytes = Avx512F.PermuteVar16x32(
                Avx512BW.PackUnsignedSaturate(words, words).AsInt32(),
                Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)).AsByte();
            bytes.GetLower().GetLower().StoreUnsafe(ref Unsafe.Add(ref output, offset0));
            bytes.GetLower().GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, offset1));
        }
        else
        {
            // Packing works within 128-bit halves; the permutation puts both rows in order at once.
            Vector256<int> firsts = Vector256.LoadUnsafe(ref multipliers).AsInt32();
            Vector256<int> seconds = Vector256.LoadUnsafe(ref multipliers, 32).AsInt32();
            Vector256<short> words0 = Avx2.PackSignedSaturate(
                RequantizedRow.Values(first0, firsts, in requantization), RequantizedRow.Values(second0, seconds, in requantization));
            Vector256<short> words1 = Avx2.PackSignedSaturate(
                RequantizedRow.Values(first1, firsts, in requantization), RequantizedRow.Values(second1, seconds, in requantization));
            Vector256<byte> bytes = Avx2.PermuteVar8x32(
                Avx2.PackUnsignedSaturate(words0, words1).AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsByte();
            bytes.GetLower().StoreUnsafe(ref Unsafe.Add(ref output, offset0));
            bytes.GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, offset1));
        }
    }

    /// <summary>One row of two vectors.</summary>
    /// <param name="multipliers">The multipliers of the 16 channels.</param>
    /// <param name="requantization">The requantisation; only its shift and zero point are used.</param>
    /// <param name="output">Where the offset starts.</param>
    /// <param name="offset">The offset of the outputs.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(
        Vector256<int> first, Vector256<int> second, ref byte multipliers, in Requantization requantization, ref byte output, nint offset)
    {
        if (RequantizedRow.Has512)
        {
            Vector512<int> values = RequantizedRow.Values(
                RequantizedRow.Join(first, second), Vector512.LoadUnsafe(ref multipliers).AsInt32(), in requantization);
            Avx512F.ConvertToVector128ByteWithSaturation(Avx512F.Max(values, Vector512<int>.Zero).AsUInt32())
                .StoreUnsafe(ref Unsafe.Add(ref output, offset));
        }
        else
        {
            Vector256<short> words = Avx2.PackSignedSaturate(
                RequantizedRow.Values(first, Vector256.LoadUnsafe(ref multipliers).AsInt32(), in requantization),
                RequantizedRow.Values(second, Vector256.LoadUnsafe(ref multipliers, 32).AsInt32(), in requantization));
            Vector128<byte> bytes = Sse2.PackUnsignedSaturate(words.GetLower(), words.GetUpper());
            Sse2.Shuffle(bytes.AsInt32(), 0b11011000).AsByte().StoreUnsafe(ref Unsafe.Add(ref output, offset));
        }
    }

    /// <summary>Requantised values of a row before the clamp (<see cref="RequantizedRow"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Values(
        Vector256<int> first, Vector256<int> second, Vector512<int> evenMultipliers, Vector512<int> oddMultipliers,
        Vector512<int> addend, Vector128<int> shift)
    {
        Vector512<int> sums = RequantizedRow.Join(first, second);
        Vector512<int> even = Avx512F.Multiply(sums, evenMultipliers).AsInt32();
        Vector512<int> odd = Avx512F.Multiply(Avx512F.ShiftRightLogical(sums.AsInt64(), 32).AsInt32(), oddMultipliers).AsInt32();
        Vector512<int> upper = Avx512F.PermuteVar16x32x2(
            even, Vector512.Create(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31), odd);
        return Avx512F.ShiftRightArithmetic(Avx512F.Add(upper, addend), shift);
    }
}
