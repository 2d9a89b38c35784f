namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>32 bytes, with AVX2.</summary>
internal readonly struct ByteLanes256 : IByteLanes<Vector256<byte>>
{
    /// <inheritdoc/>
    public static int Count => 32;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Load(ref byte from) => Vector256.LoadUnsafe(ref from);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<byte> value, ref byte to) => value.StoreUnsafe(ref to);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<byte> value, ref byte to, int count)
    {
        Vector128<byte> part = value.GetLower();
        if (count >= 16)
        {
            part.StoreUnsafe(ref to);
            part = value.GetUpper();
            to = ref Unsafe.Add(ref to, 16);
            count = unchecked(count - 16);
        }

        PartialStore.Bytes(part, ref to, count);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Repeat(byte value) => Vector256.Create(value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Repeat(short value) => Vector256.Create(value).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Repeat(int value) => Vector256.Create(value).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> InterleaveLow(Vector256<byte> first, Vector256<byte> second) => Avx2.UnpackLow(first, second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> InterleaveHigh(Vector256<byte> first, Vector256<byte> second) => Avx2.UnpackHigh(first, second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> WidenLow(Vector256<byte> bytes) => Avx2.UnpackLow(bytes, Vector256<byte>.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> WidenHigh(Vector256<byte> bytes) => Avx2.UnpackHigh(bytes, Vector256<byte>.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Subtract16(Vector256<byte> first, Vector256<byte> second) =>
        Avx2.Subtract(first.AsInt16(), second.AsInt16()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> AddSaturate16(Vector256<byte> first, Vector256<byte> second) =>
        Avx2.AddSaturate(first.AsInt16(), second.AsInt16()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> MultiplyAddPairs(Vector256<byte> first, Vector256<byte> second) =>
        Avx2.MultiplyAddAdjacent(first.AsInt16(), second.AsInt16()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> MultiplyHigh(Vector256<byte> first, Vector256<byte> second)
    {
        Vector256<int> even = Avx2.Multiply(first.AsInt32(), second.AsInt32()).AsInt32();
        Vector256<int> odd = Avx2.Multiply(
            Avx2.Shuffle(first.AsInt32(), 0b11110101), Avx2.Shuffle(second.AsInt32(), 0b11110101)).AsInt32();
        return Avx2.Blend(Avx2.ShiftRightLogical(even.AsInt64(), 32).AsInt32(), odd, 0b10101010).AsByte();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Add32(Vector256<byte> first, Vector256<byte> second) =>
        Avx2.Add(first.AsInt32(), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Max32(Vector256<byte> first, Vector256<byte> second) =>
        Avx2.Max(first.AsInt32(), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Min32(Vector256<byte> first, Vector256<byte> second) =>
        Avx2.Min(first.AsInt32(), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> ShiftRight32(Vector256<byte> value, int count) =>
        Avx2.ShiftRightArithmetic(value.AsInt32(), Vector128.CreateScalar(count)).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> UpperHalves(Vector256<byte> value) => Avx2.ShiftRightLogical(value.AsInt32(), 16).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Narrow32(Vector256<byte> first, Vector256<byte> second) =>
        Avx2.PackSignedSaturate(first.AsInt32(), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Narrow16(Vector256<byte> first, Vector256<byte> second) =>
        Avx2.PackUnsignedSaturate(first.AsInt16(), second.AsInt16());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<byte> Clamp(Vector256<byte> value, Vector256<byte> least, Vector256<byte> greatest) =>
        Avx2.Min(Avx2.Max(value, least), greatest);
}
