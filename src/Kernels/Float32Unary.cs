namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>Functions of one float32 value. Input and output may be the same place.</summary>
internal static class Float32Unary
{
    /// <summary>The greater of x and 0.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="count">The number of elements.</param>
    public static void Relu(Workspace w, int input, int output, int count) => Run<ReluFunction>(w, input, output, count, 0f, 0f);

    /// <summary>x, or alpha · x below zero; the first parameters as for <see cref="Relu"/>.</summary>
    /// <param name="alpha">The slope below zero.</param>
    public static void LeakyRelu(Workspace w, int input, int output, int count, float alpha) => Run<LeakyReluFunction>(w, input, output, count, alpha, 0f);

    /// <summary>x bounded below and above; where the bounds contradict each other, the upper one wins; the first parameters as for <see cref="Relu"/>.</summary>
    /// <param name="minimum">The least result.</param>
    /// <param name="maximum">The greatest result.</param>
    public static void Clip(Workspace w, int input, int output, int count, float minimum, float maximum) => Run<ClipFunction>(w, input, output, count, minimum, maximum);

    /// <summary>1 / (1 + e^−x); the first parameters as for <see cref="Relu"/>.</summary>
    public static void Sigmoid(Workspace w, int input, int output, int count) => Run<SigmoidFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The hyperbolic tangent; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Tanh(Workspace w, int input, int output, int count) => Run<TanhFunction>(w, input, output, count, 0f, 0f);

    /// <summary>alpha · x + beta, bounded by 0 and 1; the first parameters as for <see cref="Relu"/>.</summary>
    /// <param name="alpha">The slope.</param>
    /// <param name="beta">The value at 0.</param>
    public static void HardSigmoid(Workspace w, int input, int output, int count, float alpha, float beta) => Run<HardSigmoidFunction>(w, input, output, count, alpha, beta);

    /// <summary>x · (x / 6 + ½, bounded by 0 and 1); the first parameters as for <see cref="Relu"/>.</summary>
    public static void HardSwish(Workspace w, int input, int output, int count) => Run<HardSwishFunction>(w, input, output, count, 0f, 0f);

    /// <summary>x, or alpha · (e^x − 1) below zero; the first parameters as for <see cref="Relu"/>.</summary>
    /// <param name="alpha">The negative of the limit at −∞.</param>
    public static void Elu(Workspace w, int input, int output, int count, float alpha) => Run<EluFunction>(w, input, output, count, alpha, 0f);

    /// <summary>e^x; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Exp(Workspace w, int input, int output, int count) => Run<ExpFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The natural logarithm; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Log(Workspace w, int input, int output, int count) => Run<LogFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The square root; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Sqrt(Workspace w, int input, int output, int count) => Run<SqrtFunction>(w, input, output, count, 0f, 0f);

    /// <summary>1 / x; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Reciprocal(Workspace w, int input, int output, int count) => Run<ReciprocalFunction>(w, input, output, count, 0f, 0f);

    /// <summary>−x; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Neg(Workspace w, int input, int output, int count) => Run<NegFunction>(w, input, output, count, 0f, 0f);

    /// <summary>|x|; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Abs(Workspace w, int input, int output, int count) => Run<AbsFunction>(w, input, output, count, 0f, 0f);

    /// <summary>The error function; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Erf(Workspace w, int input, int output, int count) => Run<ErfFunction>(w, input, output, count, 0f, 0f);

    /// <summary>x · x; the first parameters as for <see cref="Relu"/>.</summary>
    public static void Square(Workspace w, int input, int output, int count) => Run<SquareFunction>(w, input, output, count, 0f, 0f);

    /// <summary>scale · x + shift, rounded once; the first parameters as for <see cref="Relu"/>.</summary>
    /// <param name="scale">The factor.</param>
    /// <param name="shift">The summand.</param>
    public static void Affine(Workspace w, int input, int output, int count, float scale, float shift) => Run<AffineFunction>(w, input, output, count, scale, shift);

    private interface IFunction
    {
        static abstract TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector>;
    }

    private static void Run<TFunction>(Workspace w, int input, int output, int count, float a, float b)
        where TFunction : struct, IFunction
    {
        ref float from = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        if (Float32Path.Is512)
            Map<TFunction, Vector512<float>, Float32Lanes512>(ref from, ref to, count, a, b);
        else if (Float32Path.Is256)
            Map<TFunction, Vector256<float>, Float32Lanes256>(ref from, ref to, count, a, b);
        else if (Float32Path.Is128)
            Map<TFunction, Vector128<float>, Float32Lanes128>(ref from, ref to, count, a, b);
        else
            Map<TFunction, float, Float32Lanes1>(ref from, ref to, count, a, b);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Map<TFunction, TVector, TLanes>(ref float from, ref float to, int count, float a, float b)
        where TFunction : struct, IFunction
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector va = TLanes.Broadcast(a);
        TVector vb = TLanes.Broadcast(b);
        nint i = 0;
        for (; i <= count - TLanes.Count; i += TLanes.Count)
            TLanes.Store(TFunction.Apply<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref from, i)), va, vb), ref Unsafe.Add(ref to, i));
        for (; i < count; i++)
            Unsafe.Add(ref to, i) = TFunction.Apply<float, Float32Lanes1>(Unsafe.Add(ref from, i), a, b);
    }

    private struct ReluFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Max(TLanes.Broadcast(0f), x);
    }

    private struct LeakyReluFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(TLanes.LessThan(x, TLanes.Broadcast(0f)), TLanes.Multiply(x, a), x);
    }

    private struct ClipFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Min(b, TLanes.Max(a, x));
    }

    private struct SigmoidFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Sigmoid<TVector, TLanes>(x);
    }

    private struct TanhFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Tanh<TVector, TLanes>(x);
    }

    private struct HardSigmoidFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Min(TLanes.Broadcast(1f), TLanes.Max(TLanes.Broadcast(0f), TLanes.FusedMultiplyAdd(x, a, b)));
    }

    private struct HardSwishFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(
                x,
                TLanes.Min(
                    TLanes.Broadcast(1f), TLanes.Max(TLanes.Broadcast(0f), TLanes.FusedMultiplyAdd(x, TLanes.Broadcast(1f / 6f), TLanes.Broadcast(0.5f)))));
    }

    private struct EluFunction : IFunction
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

    private struct ExpFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Exp<TVector, TLanes>(x);
    }

    private struct LogFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Log<TVector, TLanes>(x);
    }

    private struct SqrtFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.SquareRoot(x);
    }

    private struct ReciprocalFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Divide(TLanes.Broadcast(1f), x);
    }

    private struct NegFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Xor(x, TLanes.BroadcastBits(unchecked((int)0x80000000)));
    }

    private struct AbsFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.And(x, TLanes.BroadcastBits(0x7FFFFFFF));
    }

    private struct ErfFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            Float32Math.Erf<TVector, TLanes>(x);
    }

    private struct SquareFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(x, x);
    }

    private struct AffineFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.FusedMultiplyAdd(x, a, b);
    }
}
