namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>Rounding and sign of float32 values. Input and output may be the same place.</summary>
internal static class Float32Rounding
{
    private const int SignBit = unchecked((int)0x80000000);

    /// <summary>The greatest integer not above x.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="count">The number of elements.</param>
    public static void Floor(Workspace w, int input, int output, int count) =>
        Float32Map.Run<FloorFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The least integer not below x; the first parameters as for <see cref="Floor"/>.</summary>
    public static void Ceil(Workspace w, int input, int output, int count) =>
        Float32Map.Run<CeilFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The nearest integer, ties to even; the first parameters as for <see cref="Floor"/>.</summary>
    public static void Round(Workspace w, int input, int output, int count) =>
        Float32Map.Run<RoundFunction>(w, input, output, count, 0f, 0f);

    /// <summary>−1, 0 or 1 as x is negative, zero or positive; NaN stays NaN; the first parameters as for <see cref="Floor"/>.</summary>
    public static void Sign(Workspace w, int input, int output, int count) =>
        Float32Map.Run<SignFunction>(w, input, output, count, 0f, 0f);

    // Adding and subtracting 2^23 rounds to an integer below 2^23; above it, every float is one. The sign is kept, that of −0 too.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Nearest<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector sign = TLanes.And(x, TLanes.BroadcastBits(SignBit));
        TVector magnitude = TLanes.Xor(x, sign);
        TVector shift = TLanes.Broadcast(8388608f);
        TVector rounded = TLanes.Or(TLanes.Subtract(TLanes.Add(magnitude, shift), shift), sign);
        return TLanes.Select(TLanes.LessThan(magnitude, shift), rounded, x);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Floor<TVector, TLanes>(TVector x)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector nearest = Nearest<TVector, TLanes>(x);
        TVector lower = TLanes.Subtract(nearest, TLanes.Broadcast(1f));
        return TLanes.Select(TLanes.LessThan(x, nearest), lower, nearest);
    }

    private struct FloorFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Floor<TVector, TLanes>(x);
    }

    private struct CeilFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Xor(
                Floor<TVector, TLanes>(TLanes.Xor(x, TLanes.BroadcastBits(SignBit))), TLanes.BroadcastBits(SignBit));
    }

    private struct RoundFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Nearest<TVector, TLanes>(x);
    }

    private struct SignFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(
                TLanes.LessThan(x, TLanes.Broadcast(0f)),
                TLanes.Broadcast(-1f),
                TLanes.Select(TLanes.LessThan(TLanes.Broadcast(0f), x), TLanes.Broadcast(1f), x));
    }
}
