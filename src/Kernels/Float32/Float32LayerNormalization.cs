namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Layer normalisation in float32 (Ba, Kiros and Hinton 2016): values along one axis brought to mean 0 and variance 1, then scaled and
/// shifted: <c>y = fma((x − mean) · (1 / √(variance + ε)), scale, bias)</c>, mean = Σx / n, variance = Σ(x − mean)² / n, each square added
/// by a fused multiply-add. The mean may be taken as 0 (Zhang and Sennrich 2019).
/// </summary>
/// <remarks>
/// Where the axis is contiguous, a sum has 8 lanes, lane l taking the elements l, l + 8, l + 16 and so on in order; they are added
/// up as ((l0 + l4) + (l2 + l6)) + ((l1 + l5) + (l3 + l7)). Otherwise vectors run over what lies side by side, and a sum takes its
/// elements in order.
/// </remarks>
internal static class Float32LayerNormalization
{
    private const int Lanes = 8;

    /// <summary>Normalises.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input: outer × length × inner elements.</param>
    /// <param name="scale">Operand offset of the factors, one for each place along the axis.</param>
    /// <param name="bias">Operand offset of the addends, likewise.</param>
    /// <param name="output">Arena offset of the output; it may be the input's place.</param>
    /// <param name="outer">Groups that lie one after the other.</param>
    /// <param name="length">Elements along the axis; at least one.</param>
    /// <param name="inner">Rows that lie side by side; 1 where the axis is contiguous.</param>
    /// <param name="epsilon">What is added to the variance.</param>
    /// <param name="centred">1; or 0 for the mean square in place of the variance, with 0 in place of the mean.</param>
    public static void Run(
        Workspace w, int input, int scale, int bias, int output, int outer, int length, int inner, float epsilon, int centred)
    {
        ref float x = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float a = ref Unsafe.As<byte, float>(ref w.Operand(scale));
        ref float b = ref Unsafe.As<byte, float>(ref w.Operand(bias));
        ref float y = ref Unsafe.As<byte, float>(ref w.Arena(output));
        if (inner == 1)
        {
            Rows(ref x, ref a, ref b, ref y, ref Unsafe.NullRef<float>(), ref Unsafe.NullRef<float>(), outer, length, epsilon,
                centred != 0);
            return;
        }
        for (int o = 0; o < outer; o++)
        {
            nint group = (nint)o * length * inner;
            ref float from = ref Unsafe.Add(ref x, group);
            ref float to = ref Unsafe.Add(ref y, group);
            if (Float32Path.Is512)
                Columns<Vector512<float>, Float32Lanes512>(ref from, ref a, ref b, ref to, length, inner, epsilon, centred != 0);
            else if (Float32Path.Is256)
                Columns<Vector256<float>, Float32Lanes256>(ref from, ref a, ref b, ref to, length, inner, epsilon, centred != 0);
            else if (Float32Path.Is128)
                Columns<Vector128<float>, Float32Lanes128>(ref from, ref a, ref b, ref to, length, inner, epsilon, centred != 0);
            else
                Columns<float, Float32Lanes1>(ref from, ref a, ref b, ref to, length, inner, epsilon, centred != 0);
        }
    }

    /// <summary>
    /// Normalises rows and keeps what that took; the other parameters as for <see cref="Run"/>.
    /// </summary>
    /// <param name="mean">Arena offset of the means, one a row.</param>
    /// <param name="inverse">Arena offset of 1 / √(variance + ε), one a row.</param>
    /// <param name="rows">The number of rows.</param>
    public static void WithStatistics(
        Workspace w, int input, int scale, int bias, int output, int mean, int inverse, int rows, int length, float epsilon) =>
        Rows(
            ref Unsafe.As<byte, float>(ref w.Operand(input)), ref Unsafe.As<byte, float>(ref w.Operand(scale)),
            ref Unsafe.As<byte, float>(ref w.Operand(bias)), ref Unsafe.As<byte, float>(ref w.Arena(output)),
            ref Unsafe.As<byte, float>(ref w.Arena(mean)), ref Unsafe.As<byte, float>(ref w.Arena(inverse)), rows, length, epsilon,
            isCentred: true);

    // Sums have 8 lanes on all paths; what they are used for has as many as there are.
    private static void Rows(
        ref float x, ref float scale, ref float bias, ref float y, ref float mean, ref float inverse, int rows, int length, float epsilon,
        bool isCentred)
    {
        Span<float> statistics = stackalloc float[2 * Lanes];
        Span<float> lanes = stackalloc float[Lanes * Lanes];
        for (int done = 0; done < rows;)
        {
            int count = 1;
            ref float from = ref Unsafe.Add(ref x, (nint)done * length);
            if (Float32Path.Is512 || Float32Path.Is256)
            {
                if (rows - done >= 4)
                {
                    count = 4;
                    Statistics<Vector256<float>, Float32Lanes256, Extent4>(
                        ref from, length, epsilon, isCentred, ref statistics[0], ref lanes[0]);
                }
                else
                {
                    Statistics<Vector256<float>, Float32Lanes256, Extent1>(
                        ref from, length, epsilon, isCentred, ref statistics[0], ref lanes[0]);
                }
            }
            else if (Float32Path.Is128)
            {
                Statistics<Vector128<float>, Float32Lanes128, Extent1>(
                    ref from, length, epsilon, isCentred, ref statistics[0], ref lanes[0]);
            }
            else
            {
                Statistics<float, Float32Lanes1, Extent1>(
                    ref from, length, epsilon, isCentred, ref statistics[0], ref lanes[0]);
            }
            for (int i = 0; i < count; i++, done++)
            {
                float m = statistics[i];
                float s = statistics[Lanes + i];
                if (!Unsafe.IsNullRef(ref mean))
                {
                    Unsafe.Add(ref mean, done) = m;
                    Unsafe.Add(ref inverse, done) = s;
                }
                from = ref Unsafe.Add(ref x, (nint)done * length);
                ref float to = ref Unsafe.Add(ref y, (nint)done * length);
                if (Float32Path.Is512)
                    Apply<Vector512<float>, Float32Lanes512>(ref from, ref scale, ref bias, ref to, length, m, s);
                else if (Float32Path.Is256)
                    Apply<Vector256<float>, Float32Lanes256>(ref from, ref scale, ref bias, ref to, length, m, s);
                else if (Float32Path.Is128)
                    Apply<Vector128<float>, Float32Lanes128>(ref from, ref scale, ref bias, ref to, length, m, s);
                else
                    Apply<float, Float32Lanes1>(ref from, ref scale, ref bias, ref to, length, m, s);
            }
        }
    }

    // The means of some rows, and behind 8 of them the inverse deviations. An accumulator holds some of a row's 8 lanes; those of all
    // rows follow one another.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Statistics<TVector, TLanes, TRows>(
        ref float x, int length, float epsilon, bool isCentred, ref float means, ref float lanes)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TRows : struct, IExtent
    {
        int vectors = Lanes / TLanes.Count;
        int count = TRows.Value * vectors;
        nint row = length;
        ref float origin = ref x;
        nint whole = length - (length % Lanes);
        nint p0 = (0 / vectors * row) + (0 % vectors * TLanes.Count);
        nint p1 = (1 / vectors * row) + (1 % vectors * TLanes.Count);
        nint p2 = (2 / vectors * row) + (2 % vectors * TLanes.Count);
        nint p3 = (3 / vectors * row) + (3 % vectors * TLanes.Count);
        nint p4 = (4 / vectors * row) + (4 % vectors * TLanes.Count);
        nint p5 = (5 / vectors * row) + (5 % vectors * TLanes.Count);
        nint p6 = (6 / vectors * row) + (6 % vectors * TLanes.Count);
        nint p7 = (7 / vectors * row) + (7 % vectors * TLanes.Count);
        TVector zero = TLanes.Broadcast(0f);
        TVector s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero;
        for (nint i = isCentred ? 0 : whole; i < whole; i += Lanes, x = ref Unsafe.Add(ref x, Lanes))
        {
            s0 = TLanes.Add(s0, TLanes.Load(ref Unsafe.Add(ref x, p0)));
            if (count > 1)
                s1 = TLanes.Add(s1, TLanes.Load(ref Unsafe.Add(ref x, p1)));
            if (count > 2)
                s2 = TLanes.Add(s2, TLanes.Load(ref Unsafe.Add(ref x, p2)));
            if (count > 3)
                s3 = TLanes.Add(s3, TLanes.Load(ref Unsafe.Add(ref x, p3)));
            if (count > 4)
                s4 = TLanes.Add(s4, TLanes.Load(ref Unsafe.Add(ref x, p4)));
            if (count > 5)
                s5 = TLanes.Add(s5, TLanes.Load(ref Unsafe.Add(ref x, p5)));
            if (count > 6)
                s6 = TLanes.Add(s6, TLanes.Load(ref Unsafe.Add(ref x, p6)));
            if (count > 7)
                s7 = TLanes.Add(s7, TLanes.Load(ref Unsafe.Add(ref x, p7)));
        }
        TLanes.Store(s0, ref Unsafe.Add(ref lanes, 0 * TLanes.Count));
        if (count > 1)
            TLanes.Store(s1, ref Unsafe.Add(ref lanes, 1 * TLanes.Count));
        if (count > 2)
            TLanes.Store(s2, ref Unsafe.Add(ref lanes, 2 * TLanes.Count));
        if (count > 3)
            TLanes.Store(s3, ref Unsafe.Add(ref lanes, 3 * TLanes.Count));
        if (count > 4)
            TLanes.Store(s4, ref Unsafe.Add(ref lanes, 4 * TLanes.Count));
        if (count > 5)
            TLanes.Store(s5, ref Unsafe.Add(ref lanes, 5 * TLanes.Count));
        if (count > 6)
            TLanes.Store(s6, ref Unsafe.Add(ref lanes, 6 * TLanes.Count));
        if (count > 7)
            TLanes.Store(s7, ref Unsafe.Add(ref lanes, 7 * TLanes.Count));
        for (int r = 0; r < TRows.Value; r++)
        {
            for (nint i = whole; i < length; i++)
                Unsafe.Add(ref lanes, (r * Lanes) + (i - whole)) += Unsafe.Add(ref origin, (r * row) + i);
            Unsafe.Add(ref means, r) = isCentred ? Sum(ref Unsafe.Add(ref lanes, r * Lanes)) / length : 0f;
        }
        TVector m0 = TLanes.Broadcast(Unsafe.Add(ref means, count > 0 ? 0 / vectors : 0));
        TVector m1 = TLanes.Broadcast(Unsafe.Add(ref means, count > 1 ? 1 / vectors : 0));
        TVector m2 = TLanes.Broadcast(Unsafe.Add(ref means, count > 2 ? 2 / vectors : 0));
        TVector m3 = TLanes.Broadcast(Unsafe.Add(ref means, count > 3 ? 3 / vectors : 0));
        TVector m4 = TLanes.Broadcast(Unsafe.Add(ref means, count > 4 ? 4 / vectors : 0));
        TVector m5 = TLanes.Broadcast(Unsafe.Add(ref means, count > 5 ? 5 / vectors : 0));
        TVector m6 = TLanes.Broadcast(Unsafe.Add(ref means, count > 6 ? 6 / vectors : 0));
        TVector m7 = TLanes.Broadcast(Unsafe.Add(ref means, count > 7 ? 7 / vectors : 0));
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = zero;
        x = ref origin;
        for (nint i = 0; i < whole; i += Lanes, x = ref Unsafe.Add(ref x, Lanes))
        {
            if (count > 0)
            {
                TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref x, p0)), m0);
                s0 = TLanes.FusedMultiplyAdd(d, d, s0);
            }
            if (count > 1)
            {
                TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref x, p1)), m1);
                s1 = TLanes.FusedMultiplyAdd(d, d, s1);
            }
            if (count > 2)
            {
                TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref x, p2)), m2);
                s2 = TLanes.FusedMultiplyAdd(d, d, s2);
            }
            if (count > 3)
            {
                TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref x, p3)), m3);
                s3 = TLanes.FusedMultiplyAdd(d, d, s3);
            }
            if (count > 4)
            {
                TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref x, p4)), m4);
                s4 = TLanes.FusedMultiplyAdd(d, d, s4);
            }
            if (count > 5)
            {
                TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref x, p5)), m5);
                s5 = TLanes.FusedMultiplyAdd(d, d, s5);
            }
            if (count > 6)
            {
                TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref x, p6)), m6);
                s6 = TLanes.FusedMultiplyAdd(d, d, s6);
            }
            if (count > 7)
            {
                TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref x, p7)), m7);
                s7 = TLanes.FusedMultiplyAdd(d, d, s7);
            }
        }
        TLanes.Store(s0, ref Unsafe.Add(ref lanes, 0 * TLanes.Count));
        if (count > 1)
            TLanes.Store(s1, ref Unsafe.Add(ref lanes, 1 * TLanes.Count));
        if (count > 2)
            TLanes.Store(s2, ref Unsafe.Add(ref lanes, 2 * TLanes.Count));
        if (count > 3)
            TLanes.Store(s3, ref Unsafe.Add(ref lanes, 3 * TLanes.Count));
        if (count > 4)
            TLanes.Store(s4, ref Unsafe.Add(ref lanes, 4 * TLanes.Count));
        if (count > 5)
            TLanes.Store(s5, ref Unsafe.Add(ref lanes, 5 * TLanes.Count));
        if (count > 6)
            TLanes.Store(s6, ref Unsafe.Add(ref lanes, 6 * TLanes.Count));
        if (count > 7)
            TLanes.Store(s7, ref Unsafe.Add(ref lanes, 7 * TLanes.Count));
        for (int r = 0; r < TRows.Value; r++)
        {
            for (nint i = whole; i < length; i++)
            {
                ref float lane = ref Unsafe.Add(ref lanes, (r * Lanes) + (i - whole));
                float d = Unsafe.Add(ref origin, (r * row) + i) - Unsafe.Add(ref means, r);
                lane = Float32Lanes1.FusedMultiplyAdd(d, d, lane);
            }
            float variance = Sum(ref Unsafe.Add(ref lanes, r * Lanes)) / length;
            Unsafe.Add(ref means, Lanes + r) = 1f / MathF.Sqrt(variance + epsilon);
        }
    }

    private static float Sum(ref float lanes) =>
        ((lanes + Unsafe.Add(ref lanes, 4)) + (Unsafe.Add(ref lanes, 2) + Unsafe.Add(ref lanes, 6)))
        + ((Unsafe.Add(ref lanes, 1) + Unsafe.Add(ref lanes, 5)) + (Unsafe.Add(ref lanes, 3) + Unsafe.Add(ref lanes, 7)));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Apply<TVector, TLanes>(
        ref float x, ref float scale, ref float bias, ref float y, int length, float mean, float inverse)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector m = TLanes.Broadcast(mean);
        TVector s = TLanes.Broadcast(inverse);
        nint i = 0;
        for (; i <= length - TLanes.Count; i += TLanes.Count)
        {
            TVector normal = TLanes.Multiply(TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref x, i)), m), s);
            TLanes.Store(
                TLanes.FusedMultiplyAdd(normal, TLanes.Load(ref Unsafe.Add(ref scale, i)), TLanes.Load(ref Unsafe.Add(ref bias, i))),
                ref Unsafe.Add(ref y, i));
        }
        for (; i < length; i++)
        {
            float normal = (Unsafe.Add(ref x, i) - mean) * inverse;
            Unsafe.Add(ref y, i) = Float32Lanes1.FusedMultiplyAdd(normal, Unsafe.Add(ref scale, i), Unsafe.Add(ref bias, i));
        }
    }

    private static void Columns<TVector, TLanes>(
        ref float x, ref float scale, ref float bias, ref float y, int length, int inner, float epsilon, bool isCentred)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        int i = 0;
        for (; i <= inner - (4 * TLanes.Count); i += 4 * TLanes.Count)
        {
            Column<TVector, TLanes, Extent4>(
                ref Unsafe.Add(ref x, i), ref scale, ref bias, ref Unsafe.Add(ref y, i), length, inner, epsilon, isCentred);
        }
        for (; i <= inner - TLanes.Count; i += TLanes.Count)
        {
            Column<TVector, TLanes, Extent1>(
                ref Unsafe.Add(ref x, i), ref scale, ref bias, ref Unsafe.Add(ref y, i), length, inner, epsilon, isCentred);
        }
        for (; i < inner; i++)
        {
            Column<float, Float32Lanes1, Extent1>(
                ref Unsafe.Add(ref x, i), ref scale, ref bias, ref Unsafe.Add(ref y, i), length, inner, epsilon, isCentred);
        }
    }

    // One or four vectors side by side.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Column<TVector, TLanes, TVectors>(
        ref float x, ref float scale, ref float bias, ref float y, int length, nint inner, float epsilon, bool isCentred)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
        where TVectors : struct, IExtent
    {
        TVector n = TLanes.Broadcast(length);
        TVector m0 = TLanes.Broadcast(0f);
        TVector m1 = m0, m2 = m0, m3 = m0;
        TVector v0 = m0, v1 = m0, v2 = m0, v3 = m0;
        ref float from = ref x;
        for (int k = isCentred ? 0 : length; k < length; k++, from = ref Unsafe.Add(ref from, inner))
        {
            m0 = TLanes.Add(m0, TLanes.Load(ref from));
            if (TVectors.Value == 1)
                continue;
            m1 = TLanes.Add(m1, TLanes.Load(ref Unsafe.Add(ref from, TLanes.Count)));
            m2 = TLanes.Add(m2, TLanes.Load(ref Unsafe.Add(ref from, 2 * TLanes.Count)));
            m3 = TLanes.Add(m3, TLanes.Load(ref Unsafe.Add(ref from, 3 * TLanes.Count)));
        }
        m0 = TLanes.Divide(m0, n);
        m1 = TLanes.Divide(m1, n);
        m2 = TLanes.Divide(m2, n);
        m3 = TLanes.Divide(m3, n);
        from = ref x;
        for (int k = 0; k < length; k++, from = ref Unsafe.Add(ref from, inner))
        {
            v0 = AddSquare<TVector, TLanes>(TLanes.Load(ref from), m0, v0);
            if (TVectors.Value == 1)
                continue;
            v1 = AddSquare<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref from, TLanes.Count)), m1, v1);
            v2 = AddSquare<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref from, 2 * TLanes.Count)), m2, v2);
            v3 = AddSquare<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref from, 3 * TLanes.Count)), m3, v3);
        }
        v0 = Inverse<TVector, TLanes>(v0, n, epsilon);
        v1 = Inverse<TVector, TLanes>(v1, n, epsilon);
        v2 = Inverse<TVector, TLanes>(v2, n, epsilon);
        v3 = Inverse<TVector, TLanes>(v3, n, epsilon);
        from = ref x;
        ref float to = ref y;
        for (int k = 0; k < length; k++, from = ref Unsafe.Add(ref from, inner), to = ref Unsafe.Add(ref to, inner))
        {
            TVector a = TLanes.Broadcast(Unsafe.Add(ref scale, k));
            TVector b = TLanes.Broadcast(Unsafe.Add(ref bias, k));
            TLanes.Store(Result<TVector, TLanes>(TLanes.Load(ref from), m0, v0, a, b), ref to);
            if (TVectors.Value == 1)
                continue;
            TLanes.Store(
                Result<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref from, TLanes.Count)), m1, v1, a, b),
                ref Unsafe.Add(ref to, TLanes.Count));
            TLanes.Store(
                Result<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref from, 2 * TLanes.Count)), m2, v2, a, b),
                ref Unsafe.Add(ref to, 2 * TLanes.Count));
            TLanes.Store(
                Result<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref from, 3 * TLanes.Count)), m3, v3, a, b),
                ref Unsafe.Add(ref to, 3 * TLanes.Count));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector AddSquare<TVector, TLanes>(TVector x, TVector mean, TVector sum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector d = TLanes.Subtract(x, mean);
        return TLanes.FusedMultiplyAdd(d, d, sum);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Inverse<TVector, TLanes>(TVector squares, TVector count, float epsilon)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        TLanes.Divide(
            TLanes.Broadcast(1f), TLanes.SquareRoot(TLanes.Add(TLanes.Divide(squares, count), TLanes.Broadcast(epsilon))));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static TVector Result<TVector, TLanes>(TVector x, TVector mean, TVector inverse, TVector scale, TVector bias)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector> =>
        TLanes.FusedMultiplyAdd(TLanes.Multiply(TLanes.Subtract(x, mean), inverse), scale, bias);
}
