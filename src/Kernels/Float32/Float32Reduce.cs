namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Reductions over the middle dimension of <c>[outer, reduced, inner]</c> in float32, in index order with one accumulator for each
/// output. Vectors run over the inner dimension.
/// </summary>
internal static class Float32Reduce
{
    /// <summary>The sum.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="outer">The product of the dimensions before the reduced ones.</param>
    /// <param name="reduced">The product of the reduced dimensions.</param>
    /// <param name="inner">The product of the dimensions after them.</param>
    public static void Sum(Workspace w, int input, int output, int outer, int reduced, int inner) =>
        Run<SumFunction>(w, input, output, outer, reduced, inner);

    /// <summary>The mean: the sum divided by the count; parameters as for the sum.</summary>
    public static void Mean(Workspace w, int input, int output, int outer, int reduced, int inner) =>
        Run<MeanFunction>(w, input, output, outer, reduced, inner);

    /// <summary>The product; parameters as for the sum.</summary>
    public static void Prod(Workspace w, int input, int output, int outer, int reduced, int inner) =>
        Run<ProdFunction>(w, input, output, outer, reduced, inner);

    /// <summary>The greatest element, −∞ of none; NaN where one is NaN; parameters as for the sum.</summary>
    public static void Max(Workspace w, int input, int output, int outer, int reduced, int inner) =>
        Run<MaxFunction>(w, input, output, outer, reduced, inner);

    /// <summary>The least element, +∞ of none; NaN where one is NaN; parameters as for the sum.</summary>
    public static void Min(Workspace w, int input, int output, int outer, int reduced, int inner) =>
        Run<MinFunction>(w, input, output, outer, reduced, inner);

    private interface IFunction
    {
        static abstract float Start { get; }

        static abstract TVector Step<TVector, TLanes>(TVector accumulator, TVector x)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector>;

        static abstract TVector End<TVector, TLanes>(TVector accumulator, TVector count)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector>;
    }

    private static void Run<TFunction>(Workspace w, int input, int output, int outer, int reduced, int inner)
        where TFunction : struct, IFunction
    {
        ref float from = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        for (nint i = 0; i < outer; i++)
        {
            ref float x = ref Unsafe.Add(ref from, i * reduced * inner);
            ref float y = ref Unsafe.Add(ref to, i * inner);
            if (Float32Path.Is512)
                Columns<TFunction, Vector512<float>, Float32Lanes512>(ref x, ref y, reduced, inner);
            else if (Float32Path.Is256)
                Columns<TFunction, Vector256<float>, Float32Lanes256>(ref x, ref y, reduced, inner);
            else if (Float32Path.Is128)
                Columns<TFunction, Vector128<float>, Float32Lanes128>(ref x, ref y, reduced, inner);
            else
                Columns<TFunction, float, Float32Lanes1>(ref x, ref y, reduced, inner);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Columns<TFunction, TVector, TLanes>(ref float from, ref float to, int reduced, int inner)
        where TFunction : struct, IFunction
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        nint i = 0;
        for (; i <= inner - (4 * TLanes.Count); i += 4 * TLanes.Count)
        {
            TVector s0 = TLanes.Broadcast(TFunction.Start);
            TVector s1 = s0, s2 = s0, s3 = s0;
            for (nint k = 0; k < reduced; k++)
            {
                ref float x = ref Unsafe.Add(ref from, (k * inner) + i);
                s0 = TFunction.Step<TVector, TLanes>(s0, TLanes.Load(ref x));
                s1 = TFunction.Step<TVector, TLanes>(s1, TLanes.Load(ref Unsafe.Add(ref x, TLanes.Count)));
                s2 = TFunction.Step<TVector, TLanes>(s2, TLanes.Load(ref Unsafe.Add(ref x, 2 * TLanes.Count)));
                s3 = TFunction.Step<TVector, TLanes>(s3, TLanes.Load(ref Unsafe.Add(ref x, 3 * TLanes.Count)));
            }
            TVector count = TLanes.Broadcast(reduced);
            ref float y = ref Unsafe.Add(ref to, i);
            TLanes.Store(TFunction.End<TVector, TLanes>(s0, count), ref y);
            TLanes.Store(TFunction.End<TVector, TLanes>(s1, count), ref Unsafe.Add(ref y, TLanes.Count));
            TLanes.Store(TFunction.End<TVector, TLanes>(s2, count), ref Unsafe.Add(ref y, 2 * TLanes.Count));
            TLanes.Store(TFunction.End<TVector, TLanes>(s3, count), ref Unsafe.Add(ref y, 3 * TLanes.Count));
        }
        for (; i <= inner - TLanes.Count; i += TLanes.Count)
        {
            TVector s = TLanes.Broadcast(TFunction.Start);
            for (nint k = 0; k < reduced; k++)
                s = TFunction.Step<TVector, TLanes>(s, TLanes.Load(ref Unsafe.Add(ref from, (k * inner) + i)));
            TLanes.Store(TFunction.End<TVector, TLanes>(s, TLanes.Broadcast(reduced)), ref Unsafe.Add(ref to, i));
        }
        if (i < inner)
        {
            TVector s = TLanes.Broadcast(TFunction.Start);
            for (nint k = 0; k < reduced; k++)
                s = TFunction.Step<TVector, TLanes>(s, TLanes.Load(ref Unsafe.Add(ref from, (k * inner) + i)));
            var remainder = default(Float32Remainder);
            ref byte room = ref Unsafe.As<Float32Remainder, byte>(ref remainder);
            TLanes.Store(TFunction.End<TVector, TLanes>(s, TLanes.Broadcast(reduced)), ref Unsafe.As<byte, float>(ref room));
            Float32Remainder.Copy(ref room, ref Unsafe.As<float, byte>(ref Unsafe.Add(ref to, i)), (int)(inner - i));
        }
    }

    private struct SumFunction : IFunction
    {
        public static float Start => 0f;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Step<TVector, TLanes>(TVector accumulator, TVector x)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Add(accumulator, x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector End<TVector, TLanes>(TVector accumulator, TVector count)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            accumulator;
    }

    private struct MeanFunction : IFunction
    {
        public static float Start => 0f;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Step<TVector, TLanes>(TVector accumulator, TVector x)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Add(accumulator, x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector End<TVector, TLanes>(TVector accumulator, TVector count)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Divide(accumulator, count);
    }

    private struct ProdFunction : IFunction
    {
        public static float Start => 1f;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Step<TVector, TLanes>(TVector accumulator, TVector x)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(accumulator, x);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector End<TVector, TLanes>(TVector accumulator, TVector count)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            accumulator;
    }

    private struct MaxFunction : IFunction
    {
        public static float Start => float.NegativeInfinity;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Step<TVector, TLanes>(TVector accumulator, TVector x)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(TLanes.Equal(accumulator, accumulator), TLanes.Max(accumulator, x), accumulator);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector End<TVector, TLanes>(TVector accumulator, TVector count)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            accumulator;
    }

    private struct MinFunction : IFunction
    {
        public static float Start => float.PositiveInfinity;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Step<TVector, TLanes>(TVector accumulator, TVector x)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(TLanes.Equal(accumulator, accumulator), TLanes.Min(accumulator, x), accumulator);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector End<TVector, TLanes>(TVector accumulator, TVector count)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            accumulator;
    }
}
