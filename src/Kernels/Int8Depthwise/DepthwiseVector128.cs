namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Blocks of 16 channels, or the halves of a block of 32, on 128-bit vectors of any processor.</summary>
internal readonly struct DepthwiseVector128 : IDepthwiseVector<Vector128<int>>
{
    /// <inheritdoc/>
    public static int Bytes => 16;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Interleave(ref byte row0, ref byte row1, ref byte row2, ref byte row3, ref byte quads)
    {
        Vector128<byte> x0 = Vector128.LoadUnsafe(ref row0);
        Vector128<byte> x1 = Vector128.LoadUnsafe(ref row1);
        Vector128<byte> x2 = Vector128.LoadUnsafe(ref row2);
        Vector128<byte> x3 = Vector128.LoadUnsafe(ref row3);
        Vector128<ushort> low01 = InterleaveLower(x0, x1);
        Vector128<ushort> high01 = InterleaveUpper(x0, x1);
        Vector128<ushort> low23 = InterleaveLower(x2, x3);
        Vector128<ushort> high23 = InterleaveUpper(x2, x3);
        InterleaveLower(low01, low23).AsByte().StoreUnsafe(ref quads);
        InterleaveUpper(low01, low23).AsByte().StoreUnsafe(ref quads, 16);
        InterleaveLower(high01, high23).AsByte().StoreUnsafe(ref quads, 32);
        InterleaveUpper(high01, high23).AsByte().StoreUnsafe(ref quads, 48);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> OneRowDown(Vector128<int> weights) => LaneShifts.Left(weights, 8);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Requantize(
        Vector128<int> sums0, Vector128<int> sums1, Vector128<int> sums2, Vector128<int> sums3, Vector128<int> multipliers0,
        Vector128<int> multipliers1, Vector128<int> multipliers2, Vector128<int> multipliers3, in Requantization requantization) =>
        RequantizedRow.PackBytes(
            RequantizedRow.Values(sums0, multipliers0, in requantization),
            RequantizedRow.Values(sums1, multipliers1, in requantization),
            RequantizedRow.Values(sums2, multipliers2, in requantization),
            RequantizedRow.Values(sums3, multipliers3, in requantization),
            in requantization).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void StoreBytes(Vector128<int> bytes, ref byte output, int count) =>
        PartialStore.Bytes(bytes.AsByte(), ref output, count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> InterleaveLower(Vector128<byte> first, Vector128<byte> second)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackLow(first, second).AsUInt16();
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.ZipLow(first, second).AsUInt16();
        return Vector128.WidenLower(first) | LaneShifts.Left(Vector128.WidenLower(second), 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<ushort> InterleaveUpper(Vector128<byte> first, Vector128<byte> second)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackHigh(first, second).AsUInt16();
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.ZipHigh(first, second).AsUInt16();
        return Vector128.WidenUpper(first) | LaneShifts.Left(Vector128.WidenUpper(second), 8);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> InterleaveLower(Vector128<ushort> first, Vector128<ushort> second)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackLow(first, second).AsUInt32();
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.ZipLow(first, second).AsUInt32();
        if (PackedSimd.IsSupported)
        {
            return PackedSimd.ZeroExtendWideningLower(first)
                | PackedSimd.ShiftLeft(PackedSimd.ZeroExtendWideningLower(second), 16);
        }

        return Vector128.WidenLower(first) | LaneShifts.Left(Vector128.WidenLower(second), 16);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<uint> InterleaveUpper(Vector128<ushort> first, Vector128<ushort> second)
    {
        if (Sse2.IsSupported)
            return Sse2.UnpackHigh(first, second).AsUInt32();
        if (AdvSimd.Arm64.IsSupported)
            return AdvSimd.Arm64.ZipHigh(first, second).AsUInt32();
        if (PackedSimd.IsSupported)
        {
            return PackedSimd.ZeroExtendWideningUpper(first)
                | PackedSimd.ShiftLeft(PackedSimd.ZeroExtendWideningUpper(second), 16);
        }

        return Vector128.WidenUpper(first) | LaneShifts.Left(Vector128.WidenUpper(second), 16);
    }
}
