namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;

/// <summary>
/// The activations of recurrent layers, by number. Alpha and beta are the factors that ONNX gives them. Input and output may be the same
/// place.
/// </summary>
internal static class RecurrentActivation
{
    /// <summary>1 / (1 + e^−x).</summary>
    public const int Sigmoid = 0;

    /// <summary>tanh x.</summary>
    public const int Tanh = 1;

    /// <summary>The greater of x and 0.</summary>
    public const int Relu = 2;

    /// <summary>alpha · x + beta.</summary>
    public const int Affine = 3;

    /// <summary>x, or alpha · x below zero.</summary>
    public const int LeakyRelu = 4;

    /// <summary>x where greater than alpha, else 0.</summary>
    public const int ThresholdedRelu = 5;

    /// <summary>alpha · tanh(beta · x).</summary>
    public const int ScaledTanh = 6;

    /// <summary>alpha · x + beta, in 0…1.</summary>
    public const int HardSigmoid = 7;

    /// <summary>x, or alpha · (e^x − 1) below zero.</summary>
    public const int Elu = 8;

    /// <summary>x / (1 + |x|).</summary>
    public const int Softsign = 9;

    /// <summary>ln(1 + e^x).</summary>
    public const int Softplus = 10;

    /// <summary>Puts values through an activation.</summary>
    /// <param name="small">Whether in the small code of the start-up path.</param>
    /// <param name="function">The activation's number.</param>
    /// <param name="from">The first value.</param>
    /// <param name="to">The first result.</param>
    /// <param name="count">How many.</param>
    /// <param name="alpha">Its first factor.</param>
    /// <param name="beta">Its second factor.</param>
    public static void Apply(bool small, int function, ref float from, ref float to, int count, float alpha, float beta)
    {
        switch (function)
        {
            case Sigmoid:
                Float32Map.Apply<SigmoidFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            case Tanh:
                Float32Map.Apply<TanhFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            case Relu:
                Float32Map.Apply<ReluFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            case Affine:
                Float32Map.Apply<AffineFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            case LeakyRelu:
                Float32Map.Apply<LeakyReluFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            case ThresholdedRelu:
                Float32Map.Apply<ThresholdedReluFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            case ScaledTanh:
                Float32Map.Apply<ScaledTanhFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            case HardSigmoid:
                Float32Map.Apply<HardSigmoidFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            case Elu:
                Float32Map.Apply<EluFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            case Softsign:
                Float32Map.Apply<SoftsignFunction>(small, ref from, ref to, count, alpha, beta);
                break;
            default:
                Float32Map.Apply<SoftplusFunction>(small, ref from, ref to, count, alpha, beta);
                break;
        }
    }

    /// <summary>Bounds values to −limit…limit, in place; NaN stays NaN.</summary>
    public static void Clip(bool small, ref float values, int count, float limit) =>
        Float32Map.Apply<ClipFunction>(small, ref values, ref values, count, -limit, limit);

    private struct ClipFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => TLanes.Min(b, TLanes.Max(a, x));
    }

    private struct SigmoidFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => Float32Math.Sigmoid<TVector, TLanes>(x);
    }

    private struct TanhFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => Float32Math.Tanh<TVector, TLanes>(x);
    }

    private struct ReluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => TLanes.Max(TLanes.Broadcast(0f), x);
    }

    private struct AffineFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => TLanes.FusedMultiplyAdd(a, x, b);
    }

    private struct LeakyReluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(TLanes.LessThan(x, TLanes.Broadcast(0f)), TLanes.Multiply(a, x), x);
    }

    private struct ThresholdedReluFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => TLanes.And(x, TLanes.LessThan(a, x));
    }

    private struct ScaledTanhFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(a, Float32Math.Tanh<TVector, TLanes>(TLanes.Multiply(b, x)));
    }

    private struct HardSigmoidFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Min(TLanes.Broadcast(1f), TLanes.Max(TLanes.Broadcast(0f), TLanes.FusedMultiplyAdd(a, x, b)));
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

    private struct SoftsignFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Divide(x, TLanes.Add(TLanes.Broadcast(1f), TLanes.And(x, TLanes.BroadcastBits(0x7FFFFFFF))));
    }

    private struct SoftplusFunction : IFloat32Function
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector x, TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> => Float32Math.Softplus<TVector, TLanes>(x);
    }
}
