namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Dot products with AVX-512BW but without VNNI: bytes widened to 16 bits, VPMADDWD on 512 bits, one panel to a vector.</summary>
internal readonly struct Avx512DotProduct : IDotProduct<Vector512<int>>
{
    /// <inheritdoc/>
    public static int Lanes => 16;

    /// <inheritdoc/>
    public static int Rows => 6;

    /// <inheritdoc/>
    public static bool IsOffset => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Load(ref byte source) => Vector512.LoadUnsafe(ref source).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector512<int> value, ref byte destination) => value.AsByte().StoreUnsafe(ref destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> left, Vector512<int> right) => left + right;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Broadcast(ref byte activations) => Vector512.Create(Unsafe.ReadUnaligned<int>(ref activations));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> EvenWeights(Vector512<int> weights) =>
        Avx512BW.ShiftRightArithmetic(Avx512BW.ShiftLeftLogical(weights.AsInt16(), 8), 8).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> OddWeights(Vector512<int> weights) => Avx512BW.ShiftRightArithmetic(weights.AsInt16(), 8).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> EvenActivations(Vector512<int> activations) => activations & Vector512.Create(0x00FF00FF);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> OddActivations(Vector512<int> activations) =>
        Avx512BW.ShiftRightLogical(activations.AsInt16(), 8).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> MultiplyAdd(
        Vector512<int> sums, Vector512<int> evenActivations, Vector512<int> oddActivations, Vector512<int> evenWeights,
        Vector512<int> oddWeights) =>
        sums + Avx512BW.MultiplyAddAdjacent(evenActivations.AsInt16(), evenWeights.AsInt16())
            + Avx512BW.MultiplyAddAdjacent(oddActivations.AsInt16(), oddWeights.AsInt16());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Raise(Vector512<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}
