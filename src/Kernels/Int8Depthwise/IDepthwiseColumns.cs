namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// How four rows of a column of 16 channels to 128 bits become operands of products, and how these are summed
/// (<see cref="Int8DepthwiseColumnTile"/>). An operand is two vectors, of which some need only the first.
/// </summary>
internal interface IDepthwiseColumns
{
    /// <summary>Whether two output rows share operands, the lower one's weights moved one row down.</summary>
    static abstract bool Shares { get; }

    /// <summary>Bytes of the weights of one tap: of a column of four rows and 16 lanes.</summary>
    static abstract int TapBytes { get; }

    /// <summary>The operands of the first and of the second four of eight channels.</summary>
    /// <param name="upper">Rows 0 and 1 of these channels, byte by byte.</param>
    /// <param name="lower">Rows 2 and 3.</param>
    static abstract void Operands(
        Vector512<byte> upper, Vector512<byte> lower, out Vector512<int> first0, out Vector512<int> first1, out Vector512<int> second0,
        out Vector512<int> second1);

    /// <summary>Adds the products of an operand with a tap's weights.</summary>
    static abstract Vector512<int> Add(Vector512<int> sums, Vector512<int> operand0, Vector512<int> operand1, ref byte tap);

    /// <summary>Rewrites a tap's weights, four bytes to a lane, as <see cref="Add"/> reads them.</summary>
    static abstract void Weights(Vector512<int> quads, ref byte tap);
}

/// <summary>Two times two taps of 16 bits: VPMADDWD of AVX-512BW, exact whatever they are.</summary>
internal readonly struct DepthwiseColumnWords : IDepthwiseColumns
{
    /// <inheritdoc/>
    public static bool Shares => true;

    /// <inheritdoc/>
    public static int TapBytes => 128;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Operands(
        Vector512<byte> upper, Vector512<byte> lower, out Vector512<int> first0, out Vector512<int> first1, out Vector512<int> second0,
        out Vector512<int> second1)
    {
        first0 = Avx512BW.UnpackLow(upper, Vector512<byte>.Zero).AsInt32();
        first1 = Avx512BW.UnpackLow(lower, Vector512<byte>.Zero).AsInt32();
        second0 = Avx512BW.UnpackHigh(upper, Vector512<byte>.Zero).AsInt32();
        second1 = Avx512BW.UnpackHigh(lower, Vector512<byte>.Zero).AsInt32();
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> sums, Vector512<int> operand0, Vector512<int> operand1, ref byte tap) =>
        unchecked(sums + Avx512BW.MultiplyAddAdjacent(operand0.AsInt16(), Vector512.LoadUnsafe(ref tap).AsInt16())
            + Avx512BW.MultiplyAddAdjacent(operand1.AsInt16(), Vector512.LoadUnsafe(ref tap, 64).AsInt16()));

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weights(Vector512<int> quads, ref byte tap)
    {
        Words(quads).StoreUnsafe(ref tap);
        Words(Avx512F.ShiftRightLogical(quads, 16)).StoreUnsafe(ref tap, 64);
    }

    /// <summary>The lower two of four signed bytes as words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Words(Vector512<int> quads)
    {
        Vector512<int> first = Avx512F.ShiftRightArithmetic(Avx512F.ShiftLeftLogical(quads, 24), 24);
        Vector512<int> second = Avx512F.ShiftRightArithmetic(Avx512F.ShiftLeftLogical(quads, 16), 24);
        return ((first & Vector512.Create(0xFFFF)) | Avx512F.ShiftLeftLogical(second, 16)).AsByte();
    }
}

/// <summary>
/// Four taps of 8 bits: VPMADDUBSW of AVX-512BW, exact where the build has proved that no sum of the first or the last two leaves 16 bits.
/// That is of rows as the weights have them: one row down the pairs are others.
/// </summary>
internal readonly struct DepthwiseColumnPairs : IDepthwiseColumns
{
    /// <inheritdoc/>
    public static bool Shares => false;

    /// <inheritdoc/>
    public static int TapBytes => 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Operands(
        Vector512<byte> upper, Vector512<byte> lower, out Vector512<int> first0, out Vector512<int> first1, out Vector512<int> second0,
        out Vector512<int> second1)
    {
        first0 = Avx512BW.UnpackLow(upper.AsInt16(), lower.AsInt16()).AsInt32();
        second0 = Avx512BW.UnpackHigh(upper.AsInt16(), lower.AsInt16()).AsInt32();
        first1 = first0;
        second1 = second0;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> sums, Vector512<int> operand0, Vector512<int> operand1, ref byte tap)
    {
        Vector512<short> pairs = Avx512BW.MultiplyAddAdjacent(operand0.AsByte(), Vector512.LoadUnsafe(ref tap).AsSByte());
        return unchecked(sums + Avx512BW.MultiplyAddAdjacent(pairs, Vector512<short>.One));
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weights(Vector512<int> quads, ref byte tap) => quads.AsByte().StoreUnsafe(ref tap);
}

#if NET11_0_OR_GREATER
/// <summary>Four taps of 8 bits: VPDPBUSD of AVX-512 VNNI, exact whatever they are.</summary>
internal readonly struct DepthwiseColumnQuads : IDepthwiseColumns
{
    /// <inheritdoc/>
    public static bool Shares => true;

    /// <inheritdoc/>
    public static int TapBytes => 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Operands(
        Vector512<byte> upper, Vector512<byte> lower, out Vector512<int> first0, out Vector512<int> first1, out Vector512<int> second0,
        out Vector512<int> second1)
    {
        first0 = Avx512BW.UnpackLow(upper.AsInt16(), lower.AsInt16()).AsInt32();
        second0 = Avx512BW.UnpackHigh(upper.AsInt16(), lower.AsInt16()).AsInt32();
        first1 = first0;
        second1 = second0;
    }

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<int> Add(Vector512<int> sums, Vector512<int> operand0, Vector512<int> operand1, ref byte tap) =>
        AvxVnni.V512.MultiplyWideningAndAdd(sums, operand0.AsByte(), Vector512.LoadUnsafe(ref tap).AsSByte());

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Weights(Vector512<int> quads, ref byte tap) => quads.AsByte().StoreUnsafe(ref tap);
}
#endif
