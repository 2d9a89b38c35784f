namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Arm;
using global::System.Runtime.Intrinsics.Wasm;
using global::System.Runtime.Intrinsics.X86;

/// <summary>16 bytes, with SSE4.1, AdvSimd or WebAssembly's vectors.</summary>
internal readonly struct ByteLanes128 : IByteLanes<Vector128<byte>>
{
    /// <inheritdoc/>
    public static int Count => 16;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Load(ref byte from) => Vector128.LoadUnsafe(ref from);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<byte> value, ref byte to) => value.StoreUnsafe(ref to);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<byte> value, ref byte to, int count) => PartialStore.Bytes(value, ref to, count);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Repeat(byte value) => Vector128.Create(value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Repeat(short value) => Vector128.Create(value).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Repeat(int value) => Vector128.Create(value).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveLow(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.UnpackLow(first, second)
        : PackedSimd.IsSupported
            ? (PackedSimd.ZeroExtendWideningLower(first) | PackedSimd.ShiftLeft(PackedSimd.ZeroExtendWideningLower(second), 8)).AsByte()
        : AdvSimd.Arm64.ZipLow(first, second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> InterleaveHigh(Vector128<byte> first, Vector128<byte> second) =>
        Sse2.IsSupported ? Sse2.UnpackHigh(first, second)
        : PackedSimd.IsSupported
            ? (PackedSimd.ZeroExtendWideningUpper(first) | PackedSimd.ShiftLeft(PackedSimd.ZeroExtendWideningUpper(second), 8)).AsByte()
        : AdvSimd.Arm64.ZipHigh(first, second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> WidenLow(Vector128<byte> bytes) => Vector128.WidenLower(bytes).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> WidenHigh(Vector128<byte> bytes) => Vector128.WidenUpper(bytes).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Subtract16(Vector128<byte> first, Vector128<byte> second) =>
        (first.AsInt16() - second.AsInt16()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> AddSaturate16(Vector128<byte> first, Vector128<byte> second) => Sse2.IsSupported
        ? Sse2.AddSaturate(first.AsInt16(), second.AsInt16()).AsByte()
        : PackedSimd.IsSupported ? PackedSimd.AddSaturate(first.AsInt16(), second.AsInt16()).AsByte()
        : AdvSimd.AddSaturate(first.AsInt16(), second.AsInt16()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> MultiplyAddPairs(Vector128<byte> first, Vector128<byte> second) =>
        PairProducts.MultiplyAddPairs(first.AsInt16(), second.AsInt16()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> MultiplyHigh(Vector128<byte> first, Vector128<byte> second) =>
        ProductLanes.MultiplyHigh(first.AsInt32(), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Add32(Vector128<byte> first, Vector128<byte> second) => (first.AsInt32() + second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Max32(Vector128<byte> first, Vector128<byte> second) =>
        (PackedSimd.IsSupported ? PackedSimd.Max(first.AsInt32(), second.AsInt32())
            : Vector128.Max(first.AsInt32(), second.AsInt32())).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Min32(Vector128<byte> first, Vector128<byte> second) =>
        (PackedSimd.IsSupported ? PackedSimd.Min(first.AsInt32(), second.AsInt32())
            : Vector128.Min(first.AsInt32(), second.AsInt32())).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> ShiftRight32(Vector128<byte> value, int count) =>
        LaneShifts.RightArithmetic(value.AsInt32(), count).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> UpperHalves(Vector128<byte> value) => LaneShifts.RightLogical(value.AsInt32(), 16).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Narrow32(Vector128<byte> first, Vector128<byte> second) => Sse2.IsSupported
        ? Sse2.PackSignedSaturate(first.AsInt32(), second.AsInt32()).AsByte()
        : PackedSimd.IsSupported ? PackedSimd.ConvertNarrowingSaturateSigned(first.AsInt32(), second.AsInt32()).AsByte()
        : AdvSimd.ExtractNarrowingSaturateUpper(AdvSimd.ExtractNarrowingSaturateLower(first.AsInt32()), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Narrow16(Vector128<byte> first, Vector128<byte> second) => Sse2.IsSupported
        ? Sse2.PackUnsignedSaturate(first.AsInt16(), second.AsInt16())
        : PackedSimd.IsSupported ? PackedSimd.ConvertNarrowingSaturateUnsigned(first.AsInt16(), second.AsInt16())
        : AdvSimd.ExtractNarrowingSaturateUnsignedUpper(
            AdvSimd.ExtractNarrowingSaturateUnsignedLower(first.AsInt16()), second.AsInt16());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Clamp(Vector128<byte> value, Vector128<byte> least, Vector128<byte> greatest) =>
        PackedSimd.IsSupported ? PackedSimd.Min(PackedSimd.Max(value, least), greatest)
        : Vector128.Min(Vector128.Max(value, least), greatest);
}
