namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Square blocks of 1, 2 or 4-byte elements transposed in registers.</summary>
/// <remarks>
/// A round puts row k and row k + n/2 of n together, element by element in turn, as new rows 2k and 2k + 1. That moves the lowest bit
/// of every element's row number into its place in the row, so that log2(n) rounds exchange the two.
/// </remarks>
internal static class BlockTransposition
{
    /// <summary>The block's side for elements of a size; 0 where there are no vectors for it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Side(int elementSize) =>
        elementSize == 4 && Avx.IsSupported ? 8
        : elementSize <= 4 && (Sse2.IsSupported || AdvSimd.Arm64.IsSupported) ? 16 / elementSize
        : 0;

    /// <summary>Transposes one block.</summary>
    /// <param name="from">The first element to read.</param>
    /// <param name="fromStride">Bytes from one row to the next.</param>
    /// <param name="to">Where to write the first element.</param>
    /// <param name="toStride">Bytes from one row to the next.</param>
    /// <param name="elementSize">Bytes of an element: 1, 2 or 4.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Run(ref byte from, nint fromStride, ref byte to, nint toStride, int elementSize)
    {
        if (elementSize == 4 && Avx.IsSupported)
            EightByEight(ref from, fromStride, ref to, toStride);
        else
            Rounds(ref from, fromStride, ref to, toStride, elementSize);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void EightByEight(ref byte from, nint fromStride, ref byte to, nint toStride)
    {
        unchecked
        {
            Vector256<float> r0 = Row(ref from, 0);
            Vector256<float> r1 = Row(ref from, fromStride);
            Vector256<float> r2 = Row(ref from, fromStride * 2);
            Vector256<float> r3 = Row(ref from, fromStride * 3);
            Vector256<float> r4 = Row(ref from, fromStride * 4);
            Vector256<float> r5 = Row(ref from, fromStride * 5);
            Vector256<float> r6 = Row(ref from, fromStride * 6);
            Vector256<float> r7 = Row(ref from, fromStride * 7);

            // Pairs of rows, then fours, within the 128-bit halves; last the halves.
            Vector256<double> a0 = Avx.UnpackLow(r0, r1).AsDouble();
            Vector256<double> a1 = Avx.UnpackHigh(r0, r1).AsDouble();
            Vector256<double> a2 = Avx.UnpackLow(r2, r3).AsDouble();
            Vector256<double> a3 = Avx.UnpackHigh(r2, r3).AsDouble();
            Vector256<double> a4 = Avx.UnpackLow(r4, r5).AsDouble();
            Vector256<double> a5 = Avx.UnpackHigh(r4, r5).AsDouble();
            Vector256<double> a6 = Avx.UnpackLow(r6, r7).AsDouble();
            Vector256<double> a7 = Avx.UnpackHigh(r6, r7).AsDouble();
            StoreRows(Avx.UnpackLow(a0, a2), Avx.UnpackLow(a4, a6), ref to, toStride, 0);
            StoreRows(Avx.UnpackHigh(a0, a2), Avx.UnpackHigh(a4, a6), ref to, toStride, 1);
            StoreRows(Avx.UnpackLow(a1, a3), Avx.UnpackLow(a5, a7), ref to, toStride, 2);
            StoreRows(Avx.UnpackHigh(a1, a3), Avx.UnpackHigh(a5, a7), ref to, toStride, 3);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<float> Row(ref byte from, nint offset) => Vector256.LoadUnsafe(ref Unsafe.Add(ref from, offset)).AsSingle();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreRows(Vector256<double> upperRows, Vector256<double> lowerRows, ref byte to, nint stride, nint row)
    {
        unchecked
        {
            Avx.Permute2x128(upperRows, lowerRows, 0x20).AsByte().StoreUnsafe(ref Unsafe.Add(ref to, row * stride));
            Avx.Permute2x128(upperRows, lowerRows, 0x31).AsByte().StoreUnsafe(ref Unsafe.Add(ref to, (row + 4) * stride));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rounds(ref byte from, nint fromStride, ref byte to, nint toStride, int elementSize)
    {
        unchecked
        {
            Span<Vector128<byte>> rows = stackalloc Vector128<byte>[32];
            ref Vector128<byte> current = ref MemoryMarshal.GetReference(rows);
            ref Vector128<byte> next = ref Unsafe.Add(ref current, 16);
            int side = 16 / elementSize;
            for (int i = 0; i < side; i++)
                Unsafe.Add(ref current, i) = Vector128.LoadUnsafe(ref Unsafe.Add(ref from, i * fromStride));
            for (int round = 1; round < side; round <<= 1)
            {
                for (int i = 0; i < side / 2; i++)
                {
                    Vector128<byte> a = Unsafe.Add(ref current, i);
                    Vector128<byte> b = Unsafe.Add(ref current, i + (side / 2));
                    Unsafe.Add(ref next, 2 * i) = InterleaveLow(a, b, elementSize);
                    Unsafe.Add(ref next, (2 * i) + 1) = InterleaveHigh(a, b, elementSize);
                }

                ref Vector128<byte> old = ref current;
                current = ref next;
                next = ref old;
            }

            for (int i = 0; i < side; i++)
                Unsafe.Add(ref current, i).StoreUnsafe(ref Unsafe.Add(ref to, i * toStride));
        }
    }

    /// <summary>The lower elements of two vectors in turn, where <see cref="Side"/> is not 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> InterleaveLow(Vector128<byte> a, Vector128<byte> b, int elementSize)
    {
        if (Sse2.IsSupported)
        {
            return elementSize == 1 ? Sse2.UnpackLow(a, b)
                : elementSize == 2 ? Sse2.UnpackLow(a.AsInt16(), b.AsInt16()).AsByte()
                : Sse2.UnpackLow(a.AsInt32(), b.AsInt32()).AsByte();
        }

        return elementSize == 1 ? AdvSimd.Arm64.ZipLow(a, b)
            : elementSize == 2 ? AdvSimd.Arm64.ZipLow(a.AsInt16(), b.AsInt16()).AsByte()
            : AdvSimd.Arm64.ZipLow(a.AsInt32(), b.AsInt32()).AsByte();
    }

    /// <summary>The upper elements of two vectors in turn, where <see cref="Side"/> is not 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static Vector128<byte> InterleaveHigh(Vector128<byte> a, Vector128<byte> b, int elementSize)
    {
        if (Sse2.IsSupported)
        {
            return elementSize == 1 ? Sse2.UnpackHigh(a, b)
                : elementSize == 2 ? Sse2.UnpackHigh(a.AsInt16(), b.AsInt16()).AsByte()
                : Sse2.UnpackHigh(a.AsInt32(), b.AsInt32()).AsByte();
        }

        return elementSize == 1 ? AdvSimd.Arm64.ZipHigh(a, b)
            : elementSize == 2 ? AdvSimd.Arm64.ZipHigh(a.AsInt16(), b.AsInt16()).AsByte()
            : AdvSimd.Arm64.ZipHigh(a.AsInt32(), b.AsInt32()).AsByte();
    }
}
