namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Requantises and stores the rows of a tile of 512-bit vectors while their sums are in registers (<see cref="RequantizedTile"/>). A row
/// of two vectors is 32 neighbouring outputs, so that two rows are packed together; of one vector it is four rows.
/// </summary>
internal static class RequantizedTile512
{
    /// <summary>Rows of two vectors, 1…6.</summary>
    /// <param name="multipliers">The multipliers of the 32 channels.</param>
    /// <param name="requantization">The requantisation; only its shift and zero point are used.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <typeparam name="TRows">The rows.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TRows>(
        Vector512<int> row0A, Vector512<int> row0B, Vector512<int> row1A, Vector512<int> row1B, Vector512<int> row2A, Vector512<int> row2B,
        Vector512<int> row3A, Vector512<int> row3B, Vector512<int> row4A, Vector512<int> row4B, Vector512<int> row5A, Vector512<int> row5B,
        ref byte multipliers, in Requantization requantization, ref byte output, ref int outputs)
        where TRows : struct, IExtent
    {
        Vector512<int> evenA = Vector512.LoadUnsafe(ref multipliers).AsInt32();
        Vector512<int> oddA = Avx512F.ShiftRightLogical(evenA.AsInt64(), 32).AsInt32();
        Vector512<int> evenB = Vector512.LoadUnsafe(ref multipliers, 64).AsInt32();
        Vector512<int> oddB = Avx512F.ShiftRightLogical(evenB.AsInt64(), 32).AsInt32();
        Vector512<int> addend = Vector512.Create(requantization.Addend);
        Vector512<uint> shift = Vector512.Create(unchecked((uint)requantization.UpperShift));
        Vector512<int> values0A = RequantizedBlock.Values(row0A, evenA, oddA, addend, shift);
        Vector512<int> values0B = RequantizedBlock.Values(row0B, evenB, oddB, addend, shift);
        Vector512<int> values1A = Unsafe.SizeOf<TRows>() > 1 ? RequantizedBlock.Values(row1A, evenA, oddA, addend, shift) : values0A;
        Vector512<int> values1B = Unsafe.SizeOf<TRows>() > 1 ? RequantizedBlock.Values(row1B, evenB, oddB, addend, shift) : values0B;
        Vector512<byte> bytes = RequantizedBlock.Bytes(values0A, values0B, values1A, values1B);
        bytes.GetLower().StoreUnsafe(ref Unsafe.Add(ref output, (nint)outputs));
        if (Unsafe.SizeOf<TRows>() > 1)
            bytes.GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 1)));
        if (Unsafe.SizeOf<TRows>() > 2)
        {
            values0A = RequantizedBlock.Values(row2A, evenA, oddA, addend, shift);
            values0B = RequantizedBlock.Values(row2B, evenB, oddB, addend, shift);
            values1A = Unsafe.SizeOf<TRows>() > 3 ? RequantizedBlock.Values(row3A, evenA, oddA, addend, shift) : values0A;
            values1B = Unsafe.SizeOf<TRows>() > 3 ? RequantizedBlock.Values(row3B, evenB, oddB, addend, shift) : values0B;
            bytes = RequantizedBlock.Bytes(values0A, values0B, values1A, values1B);
            bytes.GetLower().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 2)));
            if (Unsafe.SizeOf<TRows>() > 3)
                bytes.GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 3)));
        }

        if (Unsafe.SizeOf<TRows>() > 4)
        {
            values0A = RequantizedBlock.Values(row4A, evenA, oddA, addend, shift);
            values0B = RequantizedBlock.Values(row4B, evenB, oddB, addend, shift);
            values1A = Unsafe.SizeOf<TRows>() > 5 ? RequantizedBlock.Values(row5A, evenA, oddA, addend, shift) : values0A;
            values1B = Unsafe.SizeOf<TRows>() > 5 ? RequantizedBlock.Values(row5B, evenB, oddB, addend, shift) : values0B;
            bytes = RequantizedBlock.Bytes(values0A, values0B, values1A, values1B);
            bytes.GetLower().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 4)));
            if (Unsafe.SizeOf<TRows>() > 5)
                bytes.GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 5)));
        }
    }

    /// <summary>Rows of one vector, 1…8.</summary>
    /// <param name="multipliers">The multipliers of the 16 channels.</param>
    /// <param name="requantization">The requantisation; only its shift and zero point are used.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    /// <typeparam name="TRows">The rows.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store<TRows>(
        Vector512<int> row0, Vector512<int> row1, Vector512<int> row2, Vector512<int> row3, Vector512<int> row4, Vector512<int> row5,
        Vector512<int> row6, Vector512<int> row7, ref byte multipliers, in Requantization requantization, ref byte output,
        ref int outputs)
        where TRows : struct, IExtent
    {
        Vector512<int> even = Vector512.LoadUnsafe(ref multipliers).AsInt32();
        Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
        Vector512<int> addend = Vector512.Create(requantization.Addend);
        Vector512<uint> shift = Vector512.Create(unchecked((uint)requantization.UpperShift));
        Vector512<int> values0 = RequantizedBlock.Values(row0, even, odd, addend, shift);
        Vector512<int> values1 = Unsafe.SizeOf<TRows>() > 1 ? RequantizedBlock.Values(row1, even, odd, addend, shift) : values0;
        Vector512<int> values2 = Unsafe.SizeOf<TRows>() > 2 ? RequantizedBlock.Values(row2, even, odd, addend, shift) : values0;
        Vector512<int> values3 = Unsafe.SizeOf<TRows>() > 3 ? RequantizedBlock.Values(row3, even, odd, addend, shift) : values1;
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
            values0 = RequantizedBlock.Values(row4, even, odd, addend, shift);
            values1 = Unsafe.SizeOf<TRows>() > 5 ? RequantizedBlock.Values(row5, even, odd, addend, shift) : values0;
            values2 = Unsafe.SizeOf<TRows>() > 6 ? RequantizedBlock.Values(row6, even, odd, addend, shift) : values0;
            values3 = Unsafe.SizeOf<TRows>() > 7 ? RequantizedBlock.Values(row7, even, odd, addend, shift) : values1;
            bytes = RequantizedBlock.Bytes(values0, values1, values2, values3);
            bytes.GetLower().GetLower().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 4)));
            if (Unsafe.SizeOf<TRows>() > 5)
                bytes.GetLower().GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 5)));
            if (Unsafe.SizeOf<TRows>() > 6)
                Avx512F.ExtractVector128(bytes, 2).StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 6)));
            if (Unsafe.SizeOf<TRows>() > 7)
                Avx512F.ExtractVector128(bytes, 3).StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 7)));
        }
    }
}
