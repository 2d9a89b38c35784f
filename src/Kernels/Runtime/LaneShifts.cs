namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.Wasm;

/// <summary>
/// Shifts of the lanes of 128-bit vectors. What .NET 10 compiles ahead of time for WebAssembly calls the methods of
/// <see cref="Vector128"/> for them, through memory, and has an instruction only for those of <see cref="PackedSimd"/>: the inner loop of
/// a product with such calls takes several times as long.
/// </summary>
internal static class LaneShifts
{
    /// <summary>Lanes of 16 bits shifted left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> Left(Vector128<short> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftLeft(value, count) : Vector128.ShiftLeft(value, count);

    /// <summary>Lanes of 16 bits shifted left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<ushort> Left(Vector128<ushort> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftLeft(value, count) : Vector128.ShiftLeft(value, count);

    /// <summary>Lanes of 32 bits shifted left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Left(Vector128<int> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftLeft(value, count) : Vector128.ShiftLeft(value, count);

    /// <summary>Lanes of 32 bits shifted left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<uint> Left(Vector128<uint> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftLeft(value, count) : Vector128.ShiftLeft(value, count);

    /// <summary>Lanes of 64 bits shifted left.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<long> Left(Vector128<long> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftLeft(value, count) : Vector128.ShiftLeft(value, count);

    /// <summary>Lanes of 16 bits shifted right, their sign kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> RightArithmetic(Vector128<short> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftRightArithmetic(value, count) : Vector128.ShiftRightArithmetic(value, count);

    /// <summary>Lanes of 32 bits shifted right, their sign kept.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> RightArithmetic(Vector128<int> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftRightArithmetic(value, count) : Vector128.ShiftRightArithmetic(value, count);

    /// <summary>Lanes of 16 bits shifted right, zeros coming in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<short> RightLogical(Vector128<short> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftRightLogical(value, count) : Vector128.ShiftRightLogical(value, count);

    /// <summary>Lanes of 32 bits shifted right, zeros coming in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> RightLogical(Vector128<int> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftRightLogical(value, count) : Vector128.ShiftRightLogical(value, count);

    /// <summary>Lanes of 64 bits shifted right, zeros coming in.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<long> RightLogical(Vector128<long> value, int count) =>
        PackedSimd.IsSupported ? PackedSimd.ShiftRightLogical(value, count) : Vector128.ShiftRightLogical(value, count);
}
