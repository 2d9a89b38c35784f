namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>Activation functions of one float32 value that are less common. Input and output may be the same place.</summary>
internal static class Float32Activation
{
    /// <summary>ln(1 + e^x) = max(x, 0) + ln(1 + e^−|x|).</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="count">The number of elements.</param>
    public static void Softplus(Workspace w, int input, int output, int count) =>
        Float32Map.Run<SoftplusFunction>(w, input, output, count, 0f, 0f);

    /// <summary>x / (1 + |x|); the first parameters as for <see cref="Softplus"/>.</summary>
    public static void Softsign(Workspace w, int input, int output, int count) =>
        Float32Map.Run<SoftsignFunction>(w, input, output, count, 0f, 0f);

    /// <summary>x · tanh(ln(1 + e^x)); the first parameters as for <see cref="Softplus"/>.</summary>
    public static void Mish(Workspace w, int input, int output, int count) =>
        Float32Map.Run<MishFunction>(w, input, output, count, 0f, 0f);

    /// <summary>x, or alpha · (e^(x/alpha) − 1) below zero; the first parameters as for <see cref="Softplus"/>.</summary>
    /// <param name="alpha">The negative of the limit at −∞.</param>
    public static void Celu(Workspace w, int input, int output, int count, float alpha) =>
        Float32Map.Run<CeluFunction>(w, input, output, count, alpha, 0f);

    /// <summary>x / (1 + e^(−alpha · x)); the first parameters as for <see cref="Softplus"/>.</summary>
    /// <param name="alpha">The factor inside.</param>
    public static void Swish(Workspace w, int input, int output, int count, float alpha) =>
        Float32Map.Run<SwishFunction>(w, input, output, count, alpha, 0f);

    /// <summary>x where greater than alpha, else 0; the first parameters as for <see cref="Softplus"/>.</summary>
    /// <param name="alpha">The threshold.</param>
    public static void ThresholdedRelu(Workspace w, int input, int output, int count, float alpha) =>
        Float32Map.Run<ThresholdedReluFunction>(w, input, output, count, alpha, 0f);

    /// <summary>gamma · x, or gamma · alpha · (e^x − 1) below zero; the first parameters as for <see cref="Softplus"/>.</summary>
    /// <param name="alpha">The negative of the limit at −∞, before the factor.</param>
    /// <param name="gamma">The factor.</param>
    public static void Selu(Workspace w, int input, int output, int count, float alpha, float gamma) =>
        Float32Map.Run<SeluFunction>(w, input, output, count, alpha, gamma);

    /// <summary>x · Φ(x) with Φ the normal distribution's function; the first parameters as for <see cref="Softplus"/>.</summary>
    public static void Gelu(Workspace w, int input, int output, int count) =>
        Float32Map.Run<GeluFunction>(w, input, output, count, 0f, 0f);

    /// <summary>
    /// x / 2 · (1 + tanh(scale · (x + cubic · x³))) (Hendrycks and Gimpel, 2016); the first parameters as for <see cref="Softplus"/>.
    /// </summary>
    /// <param name="scale">√(2/π).</param>
    /// <param name="cubic">The factor of the cubic term.</param>
    public static void GeluTanh(Workspace w, int input, int output, int count, float scale, float cubic) =>
        Float32Map.Run<GeluTanhFunction>(w, input, output, count, scale, cubic);

    private struct SoftplusFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Softplus<TVector, TLanes>(x);
    }

    private struct SoftsignFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Divide(x, TLanes.Add(TLanes.Broadcast(1f), TLanes.And(x, TLanes.BroadcastBits(0x7FFFFFFF))));
    }

    private struct MishFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(x, Float32Math.TanhOfSoftplus<TVector, TLanes>(x));
    }

    private struct CeluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(
                TLanes.LessThan(x, TLanes.Broadcast(0f)),
                TLanes.Multiply(a, Float32Math.ExpMinusOne<TVector, TLanes>(TLanes.Min(TLanes.Divide(x, a), TLanes.Broadcast(0f)))),
                x);
    }

    private struct SwishFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(x, Float32Math.Sigmoid<TVector, TLanes>(TLanes.Multiply(x, a)));
    }

    private struct ThresholdedReluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.And(x, TLanes.LessThan(a, x));
    }

    private struct SeluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(
                b,
                TLanes.Select(
                    TLanes.LessThan(x, TLanes.Broadcast(0f)),
                    TLanes.Multiply(a, Float32Math.ExpMinusOne<TVector, TLanes>(TLanes.Min(x, TLanes.Broadcast(0f)))),
                    x));
    }

    private struct GeluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(
                TLanes.Multiply(TLanes.Broadcast(0.5f), x),
                TLanes.Add(TLanes.Broadcast(1f), Float32Math.Erf<TVector, TLanes>(TLanes.Multiply(x, TLanes.Broadcast(0.70710678f)))));
    }

    private struct GeluTanhFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(
                TLanes.Multiply(TLanes.Broadcast(0.5f), x),
                TLanes.Add(
                    TLanes.Broadcast(1f),
                    Float32Math.Tanh<TVector, TLanes>(
                        TLanes.Multiply(a, TLanes.FusedMultiplyAdd(TLanes.Multiply(b, x), TLanes.Multiply(x, x), x)))));
    }
}
