namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Blocks of 32 channels with AVX2.</summary>
internal readonly struct DepthwiseVector256 : IDepthwiseVector<Vector256<int>>
{
    /// <inheritdoc/>
    public static int Bytes => 32;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(ref byte row0, ref byte row1, ref byte row2, ref byte row3, ref byte quads)
    {
        Vector256<byte> x0 = Vector256.LoadUnsafe(ref row0);
        Vector256<byte> x1 = Vector256.LoadUnsafe(ref row1);
        Vector256<byte> x2 = Vector256.LoadUnsafe(ref row2);
        Vector256<byte> x3 = Vector256.LoadUnsafe(ref row3);
        Vector256<short> low01 = Avx2.UnpackLow(x0, x1).AsInt16();
        Vector256<short> high01 = Avx2.UnpackHigh(x0, x1).AsInt16();
        Vector256<short> low23 = Avx2.UnpackLow(x2, x3).AsInt16();
        Vector256<short> high23 = Avx2.UnpackHigh(x2, x3).AsInt16();
        Avx2.UnpackLow(low01, low23).AsByte().StoreUnsafe(ref quads);
        Avx2.UnpackHigh(low01, low23).AsByte().StoreUnsafe(ref quads, 32);
        Avx2.UnpackLow(high01, high23).AsByte().StoreUnsafe(ref quads, 64);
        Avx2.UnpackHigh(high01, high23).AsByte().StoreUnsafe(ref quads, 96);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreRow(
        Vector256<int> sums0, Vector256<int> sums1, Vector256<int> sums2, Vector256<int> sums3, ref byte multipliers, nint stride,
        in Requantization requantization, ref byte output, int count)
    {
        Vector256<short> low = Avx2.PackSignedSaturate(
            RequantizedRow.Values(sums0, ref multipliers, in requantization),
            RequantizedRow.Values(sums1, ref Unsafe.Add(ref multipliers, stride), in requantization));
        Vector256<short> high = Avx2.PackSignedSaturate(
            RequantizedRow.Values(sums2, ref Unsafe.Add(ref multipliers, 2 * stride), in requantization),
            RequantizedRow.Values(sums3, ref Unsafe.Add(ref multipliers, 3 * stride), in requantization));
        Vector256<byte> bytes = Avx2.PackUnsignedSaturate(low, high);
        bytes = Avx2.Min(
            Avx2.Max(bytes, Vector256.Create(unchecked((byte)requantization.Minimum))),
            Vector256.Create(unchecked((byte)requantization.Maximum)));
        if (count >= 32)
        {
            bytes.StoreUnsafe(ref output);
            return;
        }

        PartialStore.Bytes(bytes.GetLower(), ref output, count);
        if (count > 16)
            PartialStore.Bytes(bytes.GetUpper(), ref Unsafe.Add(ref output, 16), unchecked(count - 16));
    }
}
