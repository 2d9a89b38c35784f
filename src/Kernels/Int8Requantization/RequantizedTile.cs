namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Requantises and stores the rows of a tile while their sums are in registers, where AVX-512 has enough of these and outputs use all
/// levels of u8 (<see cref="RequantizedBlock"/> does it otherwise). Tiles of 512-bit vectors are <see cref="RequantizedTile512"/>'s.
/// </summary>
internal static class RequantizedTile
{
    /// <summary>Whether tiles of a vector do this; a constant to the JIT.</summary>
    /// <typeparam name="TVector">The vector of sums.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool IsUsed<TVector>()
        where TVector : struct =>
        (typeof(TVector) == typeof(Vector256<int>) || typeof(TVector) == typeof(Vector512<int>)) && Vector512.IsHardwareAccelerated
        && Avx512BW.IsSupported;

    /// <summary>Rows of two vectors, 1…6.</summary>
    /// <param name="multipliers">The multipliers of the channels.</param>
    /// <param name="requantization">The requantisation; only its shift and zero point are used.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <typeparam name="TVector">The vector of sums, of 256 or 512 bits.</typeparam>
    /// <typeparam name="TRows">The rows.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TVector, TRows>(
        TVector row0A, TVector row0B, TVector row1A, TVector row1B, TVector row2A, TVector row2B, TVector row3A, TVector row3B,
        TVector row4A, TVector row4B, TVector row5A, TVector row5B, ref byte multipliers, in Requantization requantization,
        ref byte output, ref int outputs)
        where TVector : struct
        where TRows : struct, IExtent
    {
        if (typeof(TVector) == typeof(Vector512<int>))
        {
            RequantizedTile512.Store<TRows>(
                Wide(row0A), Wide(row0B), Wide(row1A), Wide(row1B), Wide(row2A), Wide(row2B), Wide(row3A), Wide(row3B), Wide(row4A),
                Wide(row4B), Wide(row5A), Wide(row5B), ref multipliers, in requantization, ref output, ref outputs);
            return;
        }

        Store<TRows>(
            Narrow(row0A), Narrow(row0B), Narrow(row1A), Narrow(row1B), Narrow(row2A), Narrow(row2B), Narrow(row3A), Narrow(row3B),
            Narrow(row4A), Narrow(row4B), Narrow(row5A), Narrow(row5B), ref multipliers, in requantization, ref output, ref outputs);
    }

    /// <summary>Rows of one vector, 1…8.</summary>
    /// <param name="multipliers">The multipliers of the channels.</param>
    /// <param name="requantization">The requantisation; only its shift and zero point are used.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <typeparam name="TVector">The vector of sums, of 256 or 512 bits.</typeparam>
    /// <typeparam name="TRows">The rows.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TVector, TRows>(
        TVector row0, TVector row1, TVector row2, TVector row3, TVector row4, TVector row5, TVector row6, TVector row7,
        ref byte multipliers, in Requantization requantization, ref byte output, ref int outputs)
        where TVector : struct
        where TRows : struct, IExtent
    {
        if (typeof(TVector) == typeof(Vector512<int>))
        {
            RequantizedTile512.Store<TRows>(
                Wide(row0), Wide(row1), Wide(row2), Wide(row3), Wide(row4), Wide(row5), Wide(row6), Wide(row7), ref multipliers,
                in requantization, ref output, ref outputs);
            return;
        }

        Store<TRows>(
            Narrow(row0), Narrow(row1), Narrow(row2), Narrow(row3), Narrow(row4), Narrow(row5), Narrow(row6), Narrow(row7),
            ref multipliers, in requantization, ref output, ref outputs);
    }

    /// <summary>Rows of two vectors of 256 bits, 1…6.</summary>
    /// <param name="multipliers">The multipliers of the 16 channels.</param>
    /// <param name="requantization">The requantisation; only its shift and zero point are used.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <typeparam name="TRows">The rows.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TRows>(
        Vector256<int> row0A, Vector256<int> row0B, Vector256<int> row1A, Vector256<int> row1B, Vector256<int> row2A, Vector256<int> row2B,
        Vector256<int> row3A, Vector256<int> row3B, Vector256<int> row4A, Vector256<int> row4B, Vector256<int> row5A, Vector256<int> row5B,
        ref byte multipliers, in Requantization requantization, ref byte output, ref int outputs)
        where TRows : struct, IExtent
    {
        Vector512<int> even = Vector512.LoadUnsafe(ref multipliers).AsInt32();
        Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
        Vector512<int> addend = Vector512.Create(requantization.Addend);
        Vector512<uint> shift = Vector512.Create(unchecked((uint)requantization.UpperShift));
        Vector512<int> values0 = Values(row0A, row0B, even, odd, addend, shift);
        Vector512<int> values1 = Unsafe.SizeOf<TRows>() > 1 ? Values(row1A, row1B, even, odd, addend, shift) : values0;
        Vector512<int> values2 = Unsafe.SizeOf<TRows>() > 2 ? Values(row2A, row2B, even, odd, addend, shift) : values0;
        Vector512<int> values3 = Unsafe.SizeOf<TRows>() > 3 ? Values(row3A, row3B, even, odd, addend, shift) : values1;
        Vector512<byte> bytes = RequantizedBlock.Bytes(values0, values1, values2, values3);
        bytes.GetLower().GetLower().StoreUnsafe(ref Unsafe.Add(ref output, (nint)outputs));
        if (Unsafe.SizeOf<TRows>() > 1)
            bytes.GetLower().GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 1)));
        if (Unsafe.SizeOf<TRows>() > 2)
            Avx512F.ExtractVector128(bytes, 2).StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 2)));
        if (Unsafe.SizeOf<TRows>() > 3)
            Avx512F.ExtractVector128(bytes, 3).StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 3)));
        if (Unsafe.SizeOf<TRows>() > 4)
        {
            values0 = Values(row4A, row4B, even, odd, addend, shift);
            values1 = Unsafe.SizeOf<TRows>() > 5 ? Values(row5A, row5B, even, odd, addend, shift) : values0;
            bytes = RequantizedBlock.Bytes(values0, values1, values0, values1);
            bytes.GetLower().GetLower().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 4)));
            if (Unsafe.SizeOf<TRows>() > 5)
                bytes.GetLower().GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 5)));
        }
    }

    /// <summary>Rows of one vector of 256 bits, 1…8.</summary>
    /// <param name="multipliers">The multipliers of the 8 channels.</param>
    /// <param name="requantization">The requantisation; only its shift and zero point are used.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <typeparam name="TRows">The rows.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<TRows>(
        Vector256<int> row0, Vector256<int> row1, Vector256<int> row2, Vector256<int> row3, Vector256<int> row4, Vector256<int> row5,
        Vector256<int> row6, Vector256<int> row7, ref byte multipliers, in Requantization requantization, ref byte output,
        ref int outputs)
        where TRows : struct, IExtent
    {
        Vector256<int> factors = Vector256.LoadUnsafe(ref multipliers).AsInt32();
        Vector512<int> even = RequantizedRow.Join(factors, factors);
        Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
        Vector512<int> addend = Vector512.Create(requantization.Addend);
        Vector512<uint> shift = Vector512.Create(unchecked((uint)requantization.UpperShift));
        Vector512<int> values01 = Values(row0, row1, even, odd, addend, shift);
        Vector512<int> values23 = Unsafe.SizeOf<TRows>() > 2 ? Values(row2, row3, even, odd, addend, shift) : values01;
        Vector512<int> values45 = Unsafe.SizeOf<TRows>() > 4 ? Values(row4, row5, even, odd, addend, shift) : values01;
        Vector512<int> values67 = Unsafe.SizeOf<TRows>() > 6 ? Values(row6, row7, even, odd, addend, shift) : values23;
        Vector512<ulong> bytes = RequantizedBlock.Bytes(values01, values23, values45, values67).AsUInt64();
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)outputs), bytes.GetElement(0));
        if (Unsafe.SizeOf<TRows>() > 1)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 1)), bytes.GetElement(1));
        if (Unsafe.SizeOf<TRows>() > 2)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 2)), bytes.GetElement(2));
        if (Unsafe.SizeOf<TRows>() > 3)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 3)), bytes.GetElement(3));
        if (Unsafe.SizeOf<TRows>() > 4)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 4)), bytes.GetElement(4));
        if (Unsafe.SizeOf<TRows>() > 5)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 5)), bytes.GetElement(5));
        if (Unsafe.SizeOf<TRows>() > 6)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 6)), bytes.GetElement(6));
        if (Unsafe.SizeOf<TRows>() > 7)
            Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 7)), bytes.GetElement(7));
    }

    /// <summary>A vector of 256 bits as what it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Narrow<TVector>(TVector vector)
        where TVector : struct => Unsafe.BitCast<TVector, Vector256<int>>(vector);

    /// <summary>A vector of 512 bits as what it is.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Wide<TVector>(TVector vector)
        where TVector : struct => Unsafe.BitCast<TVector, Vector512<int>>(vector);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Values(
        Vector256<int> lower, Vector256<int> upper, Vector512<int> even, Vector512<int> odd, Vector512<int> addend,
        Vector512<uint> shift) =>
        RequantizedBlock.Values(RequantizedRow.Join(lower, upper), even, odd, addend, shift);
}
