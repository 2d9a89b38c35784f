namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Requantises and stores the sums of a whole tile of 256-bit vectors by the upper halves of the products, as
/// <see cref="RequantizedRow"/> does it row by row: four or eight vectors are packed together, so that what narrows and orders them is
/// spent once for all. The saturation of packing is the clamp to the levels of u8. For processors with AVX-512 only: with 16 registers
/// the sums that wait would not all stay in them.
/// </summary>
internal static class RequantizedTile
{
    /// <summary>Rows of two vectors, 1…6.</summary>
    /// <param name="multipliers">The multipliers of the 16 channels.</param>
    /// <param name="requantization">The requantisation; it has to fit upper halves.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <param name="count">Outputs of a row.</param>
    /// <typeparam name="TRows">The rows.</typeparam>
    /// <typeparam name="TPlain">
    /// 1 where all channels of the vectors are stored, outputs use all levels of u8 and sums are not shifted left; 0 where that is not
    /// known.
    /// </typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TRows, TPlain>(
        Vector256<int> row0A, Vector256<int> row0B, Vector256<int> row1A, Vector256<int> row1B, Vector256<int> row2A, Vector256<int> row2B,
        Vector256<int> row3A, Vector256<int> row3B, Vector256<int> row4A, Vector256<int> row4B, Vector256<int> row5A, Vector256<int> row5B,
        ref byte multipliers, in Requantization requantization, ref byte output, ref int outputs, int count)
        where TRows : struct, IExtent
        where TPlain : struct, IExtent
    {
        Vector256<int> first = Vector256.LoadUnsafe(ref multipliers).AsInt32();
        Vector256<int> second = Vector256.LoadUnsafe(ref multipliers, 32).AsInt32();
        Vector512<int> even = RequantizedRow.Join(first, second);
        Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
        Vector512<short> words = Unsafe.SizeOf<TRows>() > 1
            ? Words<TPlain>(row0A, row0B, row1A, row1B, even, odd, in requantization)
            : Words<TPlain>(row0A, row0B, even, odd, in requantization);
        Vector512<byte> bytes;
        if (Unsafe.SizeOf<TRows>() > 3)
            bytes = Bytes<TPlain>(words, Words<TPlain>(row2A, row2B, row3A, row3B, even, odd, in requantization), in requantization);
        else if (Unsafe.SizeOf<TRows>() > 2)
            bytes = Bytes<TPlain>(words, Words<TPlain>(row2A, row2B, even, odd, in requantization), in requantization);
        else
            bytes = Bytes<TPlain>(words, words, in requantization);
        Sixteens<TRows, TPlain>(bytes.GetLower(), 0, ref output, ref outputs, count);
        if (Unsafe.SizeOf<TRows>() > 2)
            Sixteens<TRows, TPlain>(bytes.GetUpper(), 2, ref output, ref outputs, count);
        if (Unsafe.SizeOf<TRows>() > 4)
        {
            words = Unsafe.SizeOf<TRows>() > 5
                ? Words<TPlain>(row4A, row4B, row5A, row5B, even, odd, in requantization)
                : Words<TPlain>(row4A, row4B, even, odd, in requantization);
            bytes = Bytes<TPlain>(words, words, in requantization);
            Sixteens<TRows, TPlain>(bytes.GetLower(), 4, ref output, ref outputs, count);
        }
    }

    /// <summary>Rows of one vector, 1…8.</summary>
    /// <param name="multipliers">The multipliers of the 8 channels.</param>
    /// <param name="requantization">The requantisation; it has to fit upper halves.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <param name="count">Outputs of a row.</param>
    /// <typeparam name="TRows">The rows.</typeparam>
    /// <typeparam name="TPlain">As for two vectors.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TRows, TPlain>(
        Vector256<int> row0, Vector256<int> row1, Vector256<int> row2, Vector256<int> row3, Vector256<int> row4, Vector256<int> row5,
        Vector256<int> row6, Vector256<int> row7, ref byte multipliers, in Requantization requantization, ref byte output,
        ref int outputs, int count)
        where TRows : struct, IExtent
        where TPlain : struct, IExtent
    {
        Vector256<int> factors = Vector256.LoadUnsafe(ref multipliers).AsInt32();
        Vector512<int> even = RequantizedRow.Join(factors, factors);
        Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
        Vector512<short> words = Unsafe.SizeOf<TRows>() > 2
            ? Words<TPlain>(row0, row1, row2, row3, even, odd, in requantization)
            : Words<TPlain>(row0, row1, even, odd, in requantization);
        Vector512<byte> bytes;
        if (Unsafe.SizeOf<TRows>() > 6)
            bytes = Bytes<TPlain>(words, Words<TPlain>(row4, row5, row6, row7, even, odd, in requantization), in requantization);
        else if (Unsafe.SizeOf<TRows>() > 4)
            bytes = Bytes<TPlain>(words, Words<TPlain>(row4, row5, even, odd, in requantization), in requantization);
        else
            bytes = Bytes<TPlain>(words, words, in requantization);
        Eights<TRows, TPlain>(bytes.GetLower(), 0, ref output, ref outputs, count);
        if (Unsafe.SizeOf<TRows>() > 4)
            Eights<TRows, TPlain>(bytes.GetUpper(), 4, ref output, ref outputs, count);
    }

    /// <summary>Two rows of sixteen bytes, as far as there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Sixteens<TRows, TPlain>(Vector256<byte> bytes, int row, ref byte output, ref int outputs, int count)
        where TRows : struct, IExtent
        where TPlain : struct, IExtent
    {
        ref byte first = ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, row));
        ref byte second = ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, Unsafe.SizeOf<TRows>() > row + 1 ? row + 1 : row));
        if (typeof(TPlain) == typeof(Extent0))
        {
            PartialStore.Bytes(bytes.GetLower(), ref first, count);
            if (Unsafe.SizeOf<TRows>() > row + 1)
                PartialStore.Bytes(bytes.GetUpper(), ref second, count);
            return;
        }

        bytes.GetLower().StoreUnsafe(ref first);
        if (Unsafe.SizeOf<TRows>() > row + 1)
            bytes.GetUpper().StoreUnsafe(ref second);
    }

    /// <summary>Four rows of eight bytes, as far as there are.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Eights<TRows, TPlain>(Vector256<byte> bytes, int row, ref byte output, ref int outputs, int count)
        where TRows : struct, IExtent
        where TPlain : struct, IExtent
    {
        Vector256<ulong> rows = bytes.AsUInt64();
        if (typeof(TPlain) == typeof(Extent0))
        {
            PartialStore.Rows(
                rows.GetElement(0), rows.GetElement(1), rows.GetElement(2), rows.GetElement(3), TRows.Value - row, ref output,
                ref Unsafe.Add(ref outputs, row), count);
            return;
        }

        Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, row)), rows.GetElement(0));
        if (Unsafe.SizeOf<TRows>() > row + 1)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, row + 1)), rows.GetElement(1));
        if (Unsafe.SizeOf<TRows>() > row + 2)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, row + 2)), rows.GetElement(2));
        if (Unsafe.SizeOf<TRows>() > row + 3)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, row + 3)), rows.GetElement(3));
    }

    /// <summary>Words of eight vectors as bytes, 8 of each, in order; where both operands are the same, of four.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Bytes<TPlain>(Vector512<short> lower, Vector512<short> upper, in Requantization requantization)
        where TPlain : struct, IExtent
    {
        // Packing works within 128-bit quarters: the first one has the first halves of every second vector, and so on.
        Vector512<byte> bytes = Avx512F.PermuteVar16x32(
            Avx512BW.PackUnsignedSaturate(lower, upper).AsInt32(),
            Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)).AsByte();
        return typeof(TPlain) == typeof(Extent1)
            ? bytes
            : Avx512BW.Min(
                Avx512BW.Max(bytes, Vector512.Create(unchecked((byte)requantization.Minimum))),
                Vector512.Create(unchecked((byte)requantization.Maximum)));
    }

    /// <summary>Four vectors of sums, requantised to words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Words<TPlain>(
        Vector256<int> sums0, Vector256<int> sums1, Vector256<int> sums2, Vector256<int> sums3, Vector512<int> even, Vector512<int> odd,
        in Requantization requantization)
        where TPlain : struct, IExtent =>
        Avx512BW.PackSignedSaturate(
            Values<TPlain>(sums0, sums1, even, odd, in requantization), Values<TPlain>(sums2, sums3, even, odd, in requantization));

    /// <summary>Two vectors of sums, requantised to words, each twice.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<short> Words<TPlain>(
        Vector256<int> sums0, Vector256<int> sums1, Vector512<int> even, Vector512<int> odd, in Requantization requantization)
        where TPlain : struct, IExtent
    {
        Vector512<int> values = Values<TPlain>(sums0, sums1, even, odd, in requantization);
        return Avx512BW.PackSignedSaturate(values, values);
    }

    /// <summary>Two vectors of sums, requantised, before the clamp.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Values<TPlain>(
        Vector256<int> lower, Vector256<int> upper, Vector512<int> even, Vector512<int> odd, in Requantization requantization)
        where TPlain : struct, IExtent
    {
        Vector512<int> sums = RequantizedRow.Join(lower, upper);
        if (typeof(TPlain) == typeof(Extent0) && requantization.LeftShift > 0)
            sums = RequantizedRow.Raise(sums, in requantization);
        Vector512<int> evenProducts = Avx512F.Multiply(sums, even).AsInt32();
        Vector512<int> oddProducts = Avx512F.Multiply(Avx512F.ShiftRightLogical(sums.AsInt64(), 32).AsInt32(), odd).AsInt32();
        Vector512<int> upperHalves = Avx512F.PermuteVar16x32x2(
            evenProducts, Vector512.Create(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31), oddProducts);
        return Avx512F.ShiftRightArithmetic(
            Avx512F.Add(upperHalves, Vector512.Create(requantization.Addend)), Vector128.CreateScalar(requantization.UpperShift));
    }
}
