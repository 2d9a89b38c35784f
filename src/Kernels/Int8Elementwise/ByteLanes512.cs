namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>64 bytes, with AVX-512BW.</summary>
internal readonly struct ByteLanes512 : IByteLanes<Vector512<byte>>
{
    /// <inheritdoc/>
    public static int Count => 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Load(ref byte from) => Vector512.LoadUnsafe(ref from);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<byte> value, ref byte to) => value.StoreUnsafe(ref to);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<byte> value, ref byte to, int count)
    {
        Vector256<byte> part = value.GetLower();
        if (count >= 32)
        {
            part.StoreUnsafe(ref to);
            part = value.GetUpper();
            to = ref Unsafe.Add(ref to, 32);
            count = unchecked(count - 32);
        }

        ByteLanes256.Store(part, ref to, count);
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Repeat(byte value) => Vector512.Create(value);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Repeat(short value) => Vector512.Create(value).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Repeat(int value) => Vector512.Create(value).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> InterleaveLow(Vector512<byte> first, Vector512<byte> second) => Avx512BW.UnpackLow(first, second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> InterleaveHigh(Vector512<byte> first, Vector512<byte> second) => Avx512BW.UnpackHigh(first, second);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> WidenLow(Vector512<byte> bytes) => Avx512BW.UnpackLow(bytes, Vector512<byte>.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> WidenHigh(Vector512<byte> bytes) => Avx512BW.UnpackHigh(bytes, Vector512<byte>.Zero);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Subtract16(Vector512<byte> first, Vector512<byte> second) =>
        Avx512BW.Subtract(first.AsInt16(), second.AsInt16()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> AddSaturate16(Vector512<byte> first, Vector512<byte> second) =>
        Avx512BW.AddSaturate(first.AsInt16(), second.AsInt16()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> MultiplyAddPairs(Vector512<byte> first, Vector512<byte> second) =>
        Avx512BW.MultiplyAddAdjacent(first.AsInt16(), second.AsInt16()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> MultiplyHigh(Vector512<byte> first, Vector512<byte> second)
    {
        Vector512<int> even = Avx512F.Multiply(first.AsInt32(), second.AsInt32()).AsInt32();
        Vector512<int> odd = Avx512F.Multiply(
            Avx512F.Shuffle(first.AsInt32(), 0b11110101), Avx512F.Shuffle(second.AsInt32(), 0b11110101)).AsInt32();
        return Avx512F.PermuteVar16x32x2(even, Vector512.Create(1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31), odd).AsByte();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Add32(Vector512<byte> first, Vector512<byte> second) =>
        Avx512F.Add(first.AsInt32(), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Max32(Vector512<byte> first, Vector512<byte> second) =>
        Avx512F.Max(first.AsInt32(), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Min32(Vector512<byte> first, Vector512<byte> second) =>
        Avx512F.Min(first.AsInt32(), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> ShiftRight32(Vector512<byte> value, int count) =>
        Avx512F.ShiftRightArithmetic(value.AsInt32(), Vector128.CreateScalar(count)).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> UpperHalves(Vector512<byte> value) => Avx512F.ShiftRightLogical(value.AsInt32(), 16).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Narrow32(Vector512<byte> first, Vector512<byte> second) =>
        Avx512BW.PackSignedSaturate(first.AsInt32(), second.AsInt32()).AsByte();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Narrow16(Vector512<byte> first, Vector512<byte> second) =>
        Avx512BW.PackUnsignedSaturate(first.AsInt16(), second.AsInt16());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<byte> Clamp(Vector512<byte> value, Vector512<byte> least, Vector512<byte> greatest) =>
        Avx512BW.Min(Avx512BW.Max(value, least), greatest);
}
