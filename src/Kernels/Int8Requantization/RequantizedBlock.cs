namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Turns the sums that the tiles of a block of rows have left, 8, 16 or 32 to a row, into outputs (docs/arithmetic.md, Requantisation).
/// Where outputs use all levels of u8, which is nearly always, several rows are packed together, so that what narrows and orders the
/// outputs is spent once for all of them and the saturation of packing is the clamp; the rest goes through <see cref="RequantizedStore"/>.
/// </summary>
/// <remarks>
/// With 32 registers it is faster by a tenth, where few inputs are summed, to do the same while the sums are still in them
/// (<see cref="RequantizedTile"/>); with 16 it is slower by a third, since sums that wait are spilled. The loops call nothing, because no
/// vector register survives a call; rows that are not stored whole are packed where their sums were, and copied afterwards.
/// </remarks>
internal static class RequantizedBlock
{
    /// <summary>Requantises and stores the rows of a block.</summary>
    /// <param name="sums">The sums.</param>
    /// <param name="columns">Channels of a row: 8, 16 or 32.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="count">Outputs of a row.</param>
    /// <param name="multipliers">The multipliers of the channels.</param>
    /// <param name="requantization">Shift, zero point and bounds.</param>
    /// <param name="output">Where the offsets of the outputs start.</param>
    /// <param name="outputs">For each row the offset of its first output.</param>
    public static void Run(
        ref int sums, int columns, int rows, int count, ref byte multipliers, in Requantization requantization, ref byte output,
        ref int outputs)
    {
        unchecked
        {
            if (!RequantizedRow.IsSupported || !requantization.IsPlain)
            {
                RequantizedStore.Rows(ref output, ref sums, columns, ref outputs, rows, count, ref multipliers, in requantization);
                return;
            }

            int width = columns == 8 || !Avx2.IsSupported ? 8 : 16;
            for (int column = 0; column < columns && column < count; column += width)
            {
                ref int from = ref Unsafe.Add(ref sums, column);
                ref byte factors = ref Unsafe.Add(ref multipliers, column * 4);
                ref byte to = ref Unsafe.Add(ref output, column);
                int left = count - column < width ? count - column : width;
                bool whole = left == width;
                int done;
                if (RequantizedRow.Has512)
                {
                    done = width == 8
                        ? Eights512(whole, ref from, rows, ref factors, in requantization, ref to, ref outputs)
                        : Sixteens512(whole, ref from, columns, rows, ref factors, in requantization, ref to, ref outputs);
                }
                else if (Avx2.IsSupported)
                {
                    done = width == 8
                        ? Eights256(whole, ref from, rows, ref factors, in requantization, ref to, ref outputs)
                        : Sixteens256(whole, ref from, columns, rows, ref factors, in requantization, ref to, ref outputs);
                }
                else
                {
                    whole = true;
                    done = Eights128(ref from, columns, rows, left, ref factors, in requantization, ref to, ref outputs);
                }

                if (!whole)
                    PartialStore.Rows(ref Unsafe.As<int, byte>(ref from), width, done, ref to, ref outputs, left);
                if (done < rows)
                {
                    RequantizedStore.Rows(
                        ref to, ref Unsafe.Add(ref from, done * columns), columns, ref Unsafe.Add(ref outputs, done), rows - done, left,
                        ref factors, in requantization);
                }
            }
        }
    }

    /// <summary>Rows of sixteen channels, four at a time, with AVX-512.</summary>
    /// <returns>The rows done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Sixteens512(
        bool whole, ref int sums, nint pitch, int rows, ref byte multipliers, in Requantization requantization, ref byte output,
        ref int outputs)
    {
        unchecked
        {
            Vector512<int> even = Vector512.LoadUnsafe(ref multipliers).AsInt32();
            Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
            Vector512<int> addend = Vector512.Create(requantization.Addend);
            Vector512<uint> shift = Vector512.Create((uint)requantization.UpperShift);
            ref byte packed = ref Unsafe.As<int, byte>(ref sums);
            int done = 0;
            for (; done <= rows - 4; done += 4)
            {
                ref int third = ref Unsafe.Add(ref sums, 2 * pitch);
                Vector512<byte> bytes = Bytes(
                    Values(Vector512.LoadUnsafe(ref sums), even, odd, addend, shift),
                    Values(Vector512.LoadUnsafe(ref Unsafe.Add(ref sums, pitch)), even, odd, addend, shift),
                    Values(Vector512.LoadUnsafe(ref third), even, odd, addend, shift),
                    Values(Vector512.LoadUnsafe(ref Unsafe.Add(ref third, pitch)), even, odd, addend, shift));
                sums = ref Unsafe.Add(ref third, 2 * pitch);
                if (!whole)
                {
                    bytes.StoreUnsafe(ref packed);
                    packed = ref Unsafe.Add(ref packed, 64);
                    continue;
                }

                bytes.GetLower().GetLower().StoreUnsafe(ref Unsafe.Add(ref output, (nint)outputs));
                Avx512F.ExtractVector128(bytes, 1).StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 1)));
                Avx512F.ExtractVector128(bytes, 2).StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 2)));
                Avx512F.ExtractVector128(bytes, 3).StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 3)));
                outputs = ref Unsafe.Add(ref outputs, 4);
            }

            return done;
        }
    }

    /// <summary>Rows of eight channels, eight at a time, with AVX-512.</summary>
    /// <returns>The rows done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Eights512(
        bool whole, ref int sums, int rows, ref byte multipliers, in Requantization requantization, ref byte output, ref int outputs)
    {
        unchecked
        {
            Vector256<int> factors = Vector256.LoadUnsafe(ref multipliers).AsInt32();
            Vector512<int> even = RequantizedRow.Join(factors, factors);
            Vector512<int> odd = Avx512F.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
            Vector512<int> addend = Vector512.Create(requantization.Addend);
            Vector512<uint> shift = Vector512.Create((uint)requantization.UpperShift);
            ref byte packed = ref Unsafe.As<int, byte>(ref sums);
            int done = 0;
            for (; done <= rows - 8; done += 8)
            {
                Vector512<byte> bytes = Bytes(
                    Values(Vector512.LoadUnsafe(ref sums), even, odd, addend, shift),
                    Values(Vector512.LoadUnsafe(ref Unsafe.Add(ref sums, 16)), even, odd, addend, shift),
                    Values(Vector512.LoadUnsafe(ref Unsafe.Add(ref sums, 32)), even, odd, addend, shift),
                    Values(Vector512.LoadUnsafe(ref Unsafe.Add(ref sums, 48)), even, odd, addend, shift));
                sums = ref Unsafe.Add(ref sums, 64);
                if (!whole)
                {
                    bytes.StoreUnsafe(ref packed);
                    packed = ref Unsafe.Add(ref packed, 64);
                    continue;
                }

                Store(bytes.GetLower(), ref output, ref outputs);
                Store(bytes.GetUpper(), ref output, ref Unsafe.Add(ref outputs, 4));
                outputs = ref Unsafe.Add(ref outputs, 8);
            }

            return done;
        }
    }

    /// <summary>Rows of sixteen channels, two at a time, with AVX2.</summary>
    /// <returns>The rows done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Sixteens256(
        bool whole, ref int sums, nint pitch, int rows, ref byte multipliers, in Requantization requantization, ref byte output,
        ref int outputs)
    {
        unchecked
        {
            Vector256<int> even0 = Vector256.LoadUnsafe(ref multipliers).AsInt32();
            Vector256<int> even1 = Vector256.LoadUnsafe(ref multipliers, 32).AsInt32();
            Vector256<int> odd0 = Avx2.ShiftRightLogical(even0.AsInt64(), 32).AsInt32();
            Vector256<int> odd1 = Avx2.ShiftRightLogical(even1.AsInt64(), 32).AsInt32();
            Vector256<int> addend = Vector256.Create(requantization.Addend);
            Vector256<uint> shift = Vector256.Create((uint)requantization.UpperShift);
            ref byte packed = ref Unsafe.As<int, byte>(ref sums);
            int done = 0;
            for (; done <= rows - 2; done += 2)
            {
                ref int second = ref Unsafe.Add(ref sums, pitch);
                Vector256<byte> bytes = Bytes(
                    Values(ref sums, even0, odd0, addend, shift), Values(ref Unsafe.Add(ref sums, 8), even1, odd1, addend, shift),
                    Values(ref second, even0, odd0, addend, shift), Values(ref Unsafe.Add(ref second, 8), even1, odd1, addend, shift));
                sums = ref Unsafe.Add(ref second, pitch);
                if (!whole)
                {
                    bytes.StoreUnsafe(ref packed);
                    packed = ref Unsafe.Add(ref packed, 32);
                    continue;
                }

                bytes.GetLower().StoreUnsafe(ref Unsafe.Add(ref output, (nint)outputs));
                bytes.GetUpper().StoreUnsafe(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 1)));
                outputs = ref Unsafe.Add(ref outputs, 2);
            }

            return done;
        }
    }

    /// <summary>Rows of eight channels, four at a time, with AVX2.</summary>
    /// <returns>The rows done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Eights256(
        bool whole, ref int sums, int rows, ref byte multipliers, in Requantization requantization, ref byte output, ref int outputs)
    {
        unchecked
        {
            Vector256<int> even = Vector256.LoadUnsafe(ref multipliers).AsInt32();
            Vector256<int> odd = Avx2.ShiftRightLogical(even.AsInt64(), 32).AsInt32();
            Vector256<int> addend = Vector256.Create(requantization.Addend);
            Vector256<uint> shift = Vector256.Create((uint)requantization.UpperShift);
            ref byte packed = ref Unsafe.As<int, byte>(ref sums);
            int done = 0;
            for (; done <= rows - 4; done += 4)
            {
                Vector256<byte> bytes = Bytes(
                    Values(ref sums, even, odd, addend, shift), Values(ref Unsafe.Add(ref sums, 8), even, odd, addend, shift),
                    Values(ref Unsafe.Add(ref sums, 16), even, odd, addend, shift),
                    Values(ref Unsafe.Add(ref sums, 24), even, odd, addend, shift));
                sums = ref Unsafe.Add(ref sums, 32);
                if (!whole)
                {
                    bytes.StoreUnsafe(ref packed);
                    packed = ref Unsafe.Add(ref packed, 32);
                    continue;
                }

                Store(bytes, ref output, ref outputs);
                outputs = ref Unsafe.Add(ref outputs, 4);
            }

            return done;
        }
    }

    /// <summary>Rows of eight channels, two at a time, with vectors of 128 bits.</summary>
    /// <returns>The rows done.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int Eights128(
        ref int sums, nint pitch, int rows, int count, ref byte multipliers, in Requantization requantization, ref byte output,
        ref int outputs)
    {
        unchecked
        {
            Vector128<int> multipliers0 = Vector128.LoadUnsafe(ref multipliers).AsInt32();
            Vector128<int> multipliers1 = Vector128.LoadUnsafe(ref multipliers, 16).AsInt32();
            int done = 0;
            for (; done <= rows - 2; done += 2)
            {
                ref int second = ref Unsafe.Add(ref sums, pitch);
                // A local of 64-bit lanes ends .NET 10's compiler for WebAssembly with a failed assertion.
                Vector128<byte> bytes = RequantizedRow.PackBytes(
                    RequantizedRow.Values(Vector128.LoadUnsafe(ref sums), multipliers0, in requantization),
                    RequantizedRow.Values(Vector128.LoadUnsafe(ref sums, 4), multipliers1, in requantization),
                    RequantizedRow.Values(Vector128.LoadUnsafe(ref second), multipliers0, in requantization),
                    RequantizedRow.Values(Vector128.LoadUnsafe(ref second, 4), multipliers1, in requantization),
                    in requantization);
                PartialStore.Bytes(bytes.AsUInt64().ToScalar(), ref Unsafe.Add(ref output, (nint)outputs), count);
                PartialStore.Bytes(bytes.AsUInt64().GetElement(1), ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 1)), count);
                sums = ref Unsafe.Add(ref second, pitch);
                outputs = ref Unsafe.Add(ref outputs, 2);
            }

            return done;
        }
    }

    /// <summary>Four rows of eight bytes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void Store(Vector256<byte> bytes, ref byte output, ref int outputs)
    {
        Vector256<ulong> rows = bytes.AsUInt64();
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)outputs), rows.GetElement(0));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 1)), rows.GetElement(1));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 2)), rows.GetElement(2));
        Unsafe.WriteUnaligned(ref Unsafe.Add(ref output, (nint)Unsafe.Add(ref outputs, 3)), rows.GetElement(3));
    }

    /// <summary>The values of four vectors as bytes, in order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<byte> Bytes(Vector512<int> values0, Vector512<int> values1, Vector512<int> values2, Vector512<int> values3)
    {
        // Packing works within 128-bit quarters: the first one has the first quarters of all four vectors, and so on.
        Vector512<byte> bytes = Avx512BW.PackUnsignedSaturate(
            Avx512BW.PackSignedSaturate(values0, values1), Avx512BW.PackSignedSaturate(values2, values3));
        return Avx512F.PermuteVar16x32(
            bytes.AsInt32(), Vector512.Create(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15)).AsByte();
    }

    /// <summary>The values of four vectors as bytes, in order; in their halves of 128 bits even lanes stand before odd ones.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<byte> Bytes(Vector256<int> values0, Vector256<int> values1, Vector256<int> values2, Vector256<int> values3)
    {
        Vector256<byte> bytes = Avx2.PackUnsignedSaturate(
            Avx2.PackSignedSaturate(values0, values1), Avx2.PackSignedSaturate(values2, values3));
        Vector128<byte> order = Vector128.Create((byte)0, 2, 1, 3, 4, 6, 5, 7, 8, 10, 9, 11, 12, 14, 13, 15);
        bytes = Avx2.PermuteVar8x32(bytes.AsInt32(), Vector256.Create(0, 4, 1, 5, 2, 6, 3, 7)).AsByte();
        return Avx2.Shuffle(bytes, Vector256.Create(order, order));
    }

    /// <summary>Requantised values before the clamp, zero point included (<see cref="RequantizedRow"/>).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector512<int> Values(
        Vector512<int> sums, Vector512<int> even, Vector512<int> odd, Vector512<int> addend, Vector512<uint> shift)
    {
        Vector512<int> evenProducts = Avx512F.Multiply(sums, even).AsInt32();
        Vector512<int> oddProducts = Avx512F.Multiply(Avx512F.ShiftRightLogical(sums.AsInt64(), 32).AsInt32(), odd).AsInt32();
        Vector512<int> upper = Avx512F.PermuteVar16x32x2(
            evenProducts, Vector512.Create(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31), oddProducts);
        return Avx512F.ShiftRightArithmeticVariable(Avx512F.Add(upper, addend), shift);
    }

    /// <summary>
    /// Requantised values before the clamp, zero point included (<see cref="RequantizedRow"/>); of each four lanes the even ones first,
    /// which takes one instruction less than their order.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Values(
        ref int sums, Vector256<int> even, Vector256<int> odd, Vector256<int> addend, Vector256<uint> shift) =>
        Values(Vector256.LoadUnsafe(ref sums), even, odd, addend, shift);

    /// <summary>The same of sums in a register.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector256<int> Values(
        Vector256<int> sums, Vector256<int> even, Vector256<int> odd, Vector256<int> addend, Vector256<uint> shift)
    {
        Vector256<float> evenProducts = Avx2.Multiply(sums, even).AsSingle();
        Vector256<float> oddProducts = Avx2.Multiply(Avx2.Shuffle(sums, 0b11110101), odd).AsSingle();
        Vector256<int> upper = Avx.Shuffle(evenProducts, oddProducts, 0b11011101).AsInt32();
        return Avx2.ShiftRightArithmeticVariable(Avx2.Add(upper, addend), shift);
    }
}
