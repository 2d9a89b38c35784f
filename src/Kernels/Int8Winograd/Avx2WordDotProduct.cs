namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>Dot products of s16 by s16 with AVX2: each s32 lane adds two products, by VPMADDWD.</summary>
internal readonly struct Avx2WordDotProduct : IDotProduct<Vector256<int>>
{
    /// <inheritdoc/>
    public static int Lanes => 8;

    /// <inheritdoc/>
    public static int Rows => 6;

    /// <inheritdoc/>
    public static bool IsOffset => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Load(ref byte source) => Vector256.LoadUnsafe(ref source).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector256<int> value, ref byte destination) => value.AsByte().StoreUnsafe(ref destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> left, Vector256<int> right) => left + right;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Broadcast(ref byte activations) => Vector256.Create(Unsafe.ReadUnaligned<int>(ref activations));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> EvenWeights(Vector256<int> weights) => weights;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> OddWeights(Vector256<int> weights) => weights;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> EvenActivations(Vector256<int> activations) => activations;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> OddActivations(Vector256<int> activations) => activations;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> MultiplyAdd(
        Vector256<int> sums, Vector256<int> evenActivations, Vector256<int> oddActivations, Vector256<int> evenWeights,
        Vector256<int> oddWeights) =>
        sums + Avx2.MultiplyAddAdjacent(evenActivations.AsInt16(), evenWeights.AsInt16());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Raise(Vector256<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}
