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
    public static Vector256<int> OneRowDown(Vector256<int> weights) => Vector256.ShiftLeft(weights, 8);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Requantize(
        Vector256<int> sums0, Vector256<int> sums1, Vector256<int> sums2, Vector256<int> sums3, Vector256<int> multipliers0,
        Vector256<int> multipliers1, Vector256<int> multipliers2, Vector256<int> multipliers3, in Requantization requantization)
    {
        Vector256<byte> bytes = Pack(
            sums0, sums1, sums2, sums3, multipliers0, multipliers1, multipliers2, multipliers3, in requantization);
        return Avx2.Min(
            Avx2.Max(bytes, Vector256.Create(unchecked((byte)requantization.Minimum))),
            Vector256.Create(unchecked((byte)requantization.Maximum))).AsInt32();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Vector256<int> bytes, ref byte output, int count)
    {
        if (count >= 32)
        {
            bytes.AsByte().StoreUnsafe(ref output);
            return;
        }

        PartialStore.Bytes(bytes.GetLower().AsByte(), ref output, count);
        if (count > 16)
            PartialStore.Bytes(bytes.GetUpper().AsByte(), ref Unsafe.Add(ref output, 16), unchecked(count - 16));
    }

    /// <summary>The requantised values, clamped to 0…255, in natural order.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<byte> Pack(
        Vector256<int> sums0, Vector256<int> sums1, Vector256<int> sums2, Vector256<int> sums3, Vector256<int> multipliers0,
        Vector256<int> multipliers1, Vector256<int> multipliers2, Vector256<int> multipliers3, in Requantization requantization)
    {
        if (RequantizedRow.Has512)
        {
            // Halves 0 and 2, 1 and 3, so that packing within 128-bit lanes leaves 0-7, 16-23 and 8-15, 24-31 beside each other.
            Vector512<short> words = Avx512BW.PackSignedSaturate(
                RequantizedRow.Values(
                    RequantizedRow.Join(sums0, sums2), RequantizedRow.Join(multipliers0, multipliers2), in requantization),
                RequantizedRow.Values(
                    RequantizedRow.Join(sums1, sums3), RequantizedRow.Join(multipliers1, multipliers3), in requantization));
            return Avx2.PackUnsignedSaturate(words.GetLower(), words.GetUpper());
        }

        Vector256<short> low = Avx2.PackSignedSaturate(
            RequantizedRow.Values(sums0, multipliers0, in requantization),
            RequantizedRow.Values(sums1, multipliers1, in requantization));
        Vector256<short> high = Avx2.PackSignedSaturate(
            RequantizedRow.Values(sums2, multipliers2, in requantization),
            RequantizedRow.Values(sums3, multipliers3, in requantization));
        return Avx2.PackUnsignedSaturate(low, high);
    }
}
