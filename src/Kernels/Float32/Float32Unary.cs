namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>Functions of one float32 value. Input and output may be the same place.</summary>
internal static class Float32Unary
{
    /// <summary>The greater of x and 0.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="count">The number of elements.</param>
    public static void Relu(Workspace w, int input, int output, int count) =>
        Float32Map.Run<ReluFunction>(w, input, output, count, 0f, 0f);

    /// <summary>x, or alpha · x below zero; the first parameters as for <see cref="Relu"/>.</summary>
    /// <param name="alpha">The slope below zero.</param>
    public static void LeakyRelu(Workspace w, int input, int output, int count, float alpha) =>
        Float32Map.Run<LeakyReluFunction>(w, input, output, count, alpha, 0f);

    /// <summary>
    /// x bounded below and above; where the bounds contradict each other, the upper one wins; the first parameters as for
    /// <see cref="Relu"/>.
    /// </summary>
    /// <param name="minimum">The least result.</param>
    /// <param name="maximum">The greatest result.</param>
    public static void Clip(Workspace w, int input, int output, int count, float minimum, float maximum) =>
        Float32Map.Run<ClipFunction>(w, input, output, count, minimum, maximum);

    /// <summary>1 / (1 + e^−x); the first parameters as for <see cref="Relu"/>.</summary>
    public static void Sigmoid(Workspace w, int input, int output, int count) =>
        Float32Map.Run<SigmoidFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The hyperbolic tangent; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Tanh(Workspace w, int input, int output, int count) =>
        Float32Map.Run<TanhFunction>(w, input, output, count, 0f, 0f);

    /// <summary>alpha · x + beta, bounded by 0 and 1; the first parameters as for <see cref="Relu"/>.</summary>
    /// <param name="alpha">The slope.</param>
    /// <param name="beta">The value at 0.</param>
    public static void HardSigmoid(Workspace w, int input, int output, int count, float alpha, float beta) =>
        Float32Map.Run<HardSigmoidFunction>(w, input, output, count, alpha, beta);

    /// <summary>x · (x / 6 + ½, bounded by 0 and 1); the first parameters as for <see cref="Relu"/>.</summary>
    public static void HardSwish(Workspace w, int input, int output, int count) =>
        Float32Map.Run<HardSwishFunction>(w, input, output, count, 0f, 0f);

    /// <summary>x, or alpha · (e^x − 1) below zero; the first parameters as for <see cref="Relu"/>.</summary>
    /// <param name="alpha">The negative of the limit at −∞.</param>
    public static void Elu(Workspace w, int input, int output, int count, float alpha) =>
        Float32Map.Run<EluFunction>(w, input, output, count, alpha, 0f);

    /// <summary>e^x; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Exp(Workspace w, int input, int output, int count) =>
        Float32Map.Run<ExpFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The natural logarithm; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Log(Workspace w, int input, int output, int count) =>
        Float32Map.Run<LogFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The square root; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Sqrt(Workspace w, int input, int output, int count) =>
        Float32Map.Run<SqrtFunction>(w, input, output, count, 0f, 0f);

    /// <summary>1 / x; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Reciprocal(Workspace w, int input, int output, int count) =>
        Float32Map.Run<ReciprocalFunction>(w, input, output, count, 0f, 0f);

    /// <summary>−x; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Neg(Workspace w, int input, int output, int count) =>
        Float32Map.Run<NegFunction>(w, input, output, count, 0f, 0f);

    /// <summary>|x|; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Abs(Workspace w, int input, int output, int count) =>
        Float32Map.Run<AbsFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The error function; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Erf(Workspace w, int input, int output, int count) =>
        Float32Map.Run<ErfFunction>(w, input, output, count, 0f, 0f);

    /// <summary>x · x; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Square(Workspace w, int input, int output, int count) =>
        Float32Map.Run<SquareFunction>(w, input, output, count, 0f, 0f);

    /// <summary>scale · x + shift, rounded once; the first parameters as for <see cref="Relu"/>.</summary>
    /// <param name="scale">The factor.</param>
    /// <param name="shift">The summand.</param>
    public static void Affine(Workspace w, int input, int output, int count, float scale, float shift) =>
        Float32Map.Run<AffineFunction>(w, input, output, count, scale, shift);

    private struct ReluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Max(TLanes.Broadcast(0f), x);
    }

    private struct LeakyReluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(TLanes.LessThan(x, TLanes.Broadcast(0f)), TLanes.Multiply(x, a), x);
    }

    private struct ClipFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Min(b, TLanes.Max(a, x));
    }

    private struct SigmoidFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Sigmoid<TVector, TLanes>(x);
    }

    private struct TanhFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Tanh<TVector, TLanes>(x);
    }

    private struct HardSigmoidFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Min(TLanes.Broadcast(1f), TLanes.Max(TLanes.Broadcast(0f), TLanes.FusedMultiplyAdd(x, a, b)));
    }

    private struct HardSwishFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(
                x,
                TLanes.Min(
                    TLanes.Broadcast(1f),
                    TLanes.Max(TLanes.Broadcast(0f), TLanes.FusedMultiplyAdd(x, TLanes.Broadcast(1f / 6f), TLanes.Broadcast(0.5f)))));
    }

    private struct EluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(
                TLanes.LessThan(x, TLanes.Broadcast(0f)),
                TLanes.Multiply(a, Float32Math.ExpMinusOne<TVector, TLanes>(TLanes.Min(x, TLanes.Broadcast(0f)))),
                x);
    }

    private struct ExpFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Exp<TVector, TLanes>(x);
    }

    private struct LogFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Log<TVector, TLanes>(x);
    }

    private struct SqrtFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.SquareRoot(x);
    }

    private struct ReciprocalFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Divide(TLanes.Broadcast(1f), x);
    }

    private struct NegFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Xor(x, TLanes.BroadcastBits(unchecked((int)0x80000000)));
    }

    private struct AbsFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.And(x, TLanes.BroadcastBits(0x7FFFFFFF));
    }

    private struct ErfFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Erf<TVector, TLanes>(x);
    }

    private struct SquareFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(x, x);
    }

    private struct AffineFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.FusedMultiplyAdd(x, a, b);
    }
}
