namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// How many taps of a column a 32-bit lane holds, and how their products are summed (<see cref="Int8DepthwiseAvx2Tile"/>).
/// </summary>
internal interface IDepthwiseTaps
{
    /// <summary>Rows side by side in a lane.</summary>
    static abstract int Rows { get; }

    /// <summary>Adds the products of a lane's taps to its sum.</summary>
    static abstract Vector256<int> Add(Vector256<int> sums, Vector256<int> activations, Vector256<int> weights);
}

/// <summary>Two taps of 16 bits: VPMADDWD, exact whatever they are.</summary>
internal readonly struct DepthwiseWords : IDepthwiseTaps
{
    /// <inheritdoc/>
    public static int Rows => 2;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<int> activations, Vector256<int> weights) =>
        unchecked(sums + Avx2.MultiplyAddAdjacent(activations.AsInt16(), weights.AsInt16()));
}

#if NET9_0_OR_GREATER
/// <summary>Four taps of 8 bits: VPDPBUSD, exact whatever they are.</summary>
internal readonly struct DepthwiseVnni : IDepthwiseTaps
{
    /// <inheritdoc/>
    public static int Rows => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<int> activations, Vector256<int> weights) =>
        AvxVnni.MultiplyWideningAndAdd(sums, activations.AsByte(), weights.AsSByte());
}
#endif

/// <summary>
/// Four taps of 8 bits: VPMADDUBSW, exact where the build has proved that no sum of the first or the last two leaves 16 bits.
/// </summary>
internal readonly struct DepthwiseBytes : IDepthwiseTaps
{
    /// <inheritdoc/>
    public static int Rows => 4;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<int> Add(Vector256<int> sums, Vector256<int> activations, Vector256<int> weights) =>
        unchecked(sums + Avx2.MultiplyAddAdjacent(
            Avx2.MultiplyAddAdjacent(activations.AsByte(), weights.AsSByte()), Vector256<short>.One));
}
