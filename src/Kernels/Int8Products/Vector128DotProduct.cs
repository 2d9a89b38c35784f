namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Dot products on 128-bit vectors of any processor: bytes widened to 16 bits, products added in pairs.</summary>
internal readonly struct Vector128DotProduct : IDotProduct<Vector128<int>>
{
    /// <inheritdoc/>
    public static int Lanes => 4;

    /// <inheritdoc/>
    public static int Rows => 4;

    /// <inheritdoc/>
    public static bool IsOffset => false;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Load(ref byte source) => Vector128.LoadUnsafe(ref source).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Store(Vector128<int> value, ref byte destination) => value.AsByte().StoreUnsafe(ref destination);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Add(Vector128<int> left, Vector128<int> right) => left + right;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Broadcast(ref byte activations) => Vector128.Create(Unsafe.ReadUnaligned<int>(ref activations));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> EvenWeights(Vector128<int> weights) =>
        LaneShifts.RightArithmetic(LaneShifts.Left(weights.AsInt16(), 8), 8).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> OddWeights(Vector128<int> weights) => LaneShifts.RightArithmetic(weights.AsInt16(), 8).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> EvenActivations(Vector128<int> activations) => activations & Vector128.Create(0x00FF00FF);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> OddActivations(Vector128<int> activations) =>
        LaneShifts.RightLogical(activations.AsInt16(), 8).AsInt32();

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyAdd(
        Vector128<int> sums, Vector128<int> evenActivations, Vector128<int> oddActivations, Vector128<int> evenWeights,
        Vector128<int> oddWeights) =>
        sums + PairProducts.MultiplyAddPairs(evenActivations.AsInt16(), evenWeights.AsInt16())
            + PairProducts.MultiplyAddPairs(oddActivations.AsInt16(), oddWeights.AsInt16());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Raise(Vector128<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}
