namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Dot products with AVX2 where the build has proved from the packed weights that no sum of two neighbouring products leaves 16 bits:
/// VPMADDUBSW, which would saturate there, is exact then.
/// </summary>
internal readonly struct Avx2PairDotProduct : IDotProduct<Vector256<int>>
{
    /// <inheritdoc/>
    public static int Lanes => 8;

    /// <inheritdoc/>
    public static int Rows => 4;

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
        sums + Avx2.MultiplyAddAdjacent(
            Avx2.MultiplyAddAdjacent(evenActivations.AsByte(), evenWeights.AsSByte()), Vector256<short>.One);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Raise(Vector256<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}
