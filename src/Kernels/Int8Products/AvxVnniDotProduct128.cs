namespace OptimizerBuild.Kernels;

#if NET9_0_OR_GREATER

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// Dot products with AVX-VNNI: VPDPBUSD on 128 bits, for blocks of few channels. On .NET 8 its C# interface is a preview and is left alone.
/// </summary>
internal readonly struct AvxVnniDotProduct128 : IDotProduct<Vector128<int>>
{
    /// <inheritdoc/>
    public static int Lanes => 4;

    /// <inheritdoc/>
    public static int Rows => 6;

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
    public static Vector128<int> EvenWeights(Vector128<int> weights) => weights;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> OddWeights(Vector128<int> weights) => weights;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> EvenActivations(Vector128<int> activations) => activations;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> OddActivations(Vector128<int> activations) => activations;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> MultiplyAdd(
        Vector128<int> sums, Vector128<int> evenActivations, Vector128<int> oddActivations, Vector128<int> evenWeights,
        Vector128<int> oddWeights) =>
        AvxVnni.MultiplyWideningAndAdd(sums, evenActivations.AsByte(), evenWeights.AsSByte());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<int> Raise(Vector128<int> sums, in Requantization requantization) =>
        RequantizedRow.Raise(sums, in requantization);
}

#endif
