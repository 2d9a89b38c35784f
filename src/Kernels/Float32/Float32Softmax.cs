namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Softmax and its logarithm over the middle dimension of <c>[outer, count, inner]</c> in float32: the greatest value is subtracted
/// first; sums run in index order with one accumulator for each output. Where the inner dimension is 1, vectors run over the
/// axis, except in the sum, or over many short rows; otherwise over the inner dimension.
/// </summary>
internal static class Float32Softmax
{
    // Rows that do not fill a vector, or hardly.
    private const int ShortRow = 24;

    /// <summary>e^(x − max) / Σ e^(x − max).</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output, which may be the input's place.</param>
    /// <param name="outer">The product of the dimensions before the axis.</param>
    /// <param name="count">The axis's extent.</param>
    /// <param name="inner">The product of the dimensions after it.</param>
    public static void Run(Workspace w, int input, int output, int outer, int count, int inner) =>
        Dispatch(
            ref Unsafe.As<byte, float>(ref w.Operand(input)), ref Unsafe.As<byte, float>(ref w.Arena(output)), outer, count, inner, false);

    /// <summary>x − max − ln Σ e^(x − max); parameters as for <see cref="Run"/>.</summary>
    public static void Logarithm(Workspace w, int input, int output, int outer, int count, int inner) =>
        Dispatch(
            ref Unsafe.As<byte, float>(ref w.Operand(input)), ref Unsafe.As<byte, float>(ref w.Arena(output)), outer, count, inner, true);

    private static void Dispatch(ref float input, ref float output, int outer, int count, int inner, bool logarithm)
    {
        nint i = 0;
        if (inner == 1 && count <= ShortRow)
        {
            if (Float32Path.Is512)
                i = ShortRows<Vector512<float>, Float32Lanes512>(ref input, ref output, outer, count, logarithm);
            else if (Float32Path.Is256)
                i = ShortRows<Vector256<float>, Float32Lanes256>(ref input, ref output, outer, count, logarithm);
            else if (Float32Path.Is128)
                i = ShortRows<Vector128<float>, Float32Lanes128>(ref input, ref output, outer, count, logarithm);
        }
        for (; i < outer; i++)
        {
            ref float from = ref Unsafe.Add(ref input, i * count * inner);
            ref float to = ref Unsafe.Add(ref output, i * count * inner);
            if (inner == 1)
            {
                if (Float32Path.Is512)
                    Row<Vector512<float>, Float32Lanes512>(ref from, ref to, count, logarithm);
                else if (Float32Path.Is256)
                    Row<Vector256<float>, Float32Lanes256>(ref from, ref to, count, logarithm);
                else if (Float32Path.Is128)
                    Row<Vector128<float>, Float32Lanes128>(ref from, ref to, count, logarithm);
                else
                    Row<float, Float32Lanes1>(ref from, ref to, count, logarithm);
            }
            else
            {
                if (Float32Path.Is512)
                    Columns<Vector512<float>, Float32Lanes512>(ref from, ref to, count, inner, logarithm);
                else if (Float32Path.Is256)
                    Columns<Vector256<float>, Float32Lanes256>(ref from, ref to, count, inner, logarithm);
                else if (Float32Path.Is128)
                    Columns<Vector128<float>, Float32Lanes128>(ref from, ref to, count, inner, logarithm);
                else
                    Columns<float, Float32Lanes1>(ref from, ref to, count, inner, logarithm);
            }
        }
    }

    // As many rows as a vector has lanes are turned into columns and back. Returns the number of rows done.
    private static nint ShortRows<TVector, TLanes>(ref float from, ref float to, int outer, int count, bool logarithm)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        Span<float> columns = stackalloc float[ShortRow * 16];
        ref float column = ref columns[0];
        nint lanes = TLanes.Count;
        nint done = 0;
        for (; done <= outer - lanes; done += lanes)
        {
            ref float x = ref Unsafe.Add(ref from, done * count);
            ref float y = ref Unsafe.Add(ref to, done * count);
            for (nint r = 0; r < lanes; r++)
                for (nint k = 0; k < count; k++)
                    Unsafe.Add(ref column, (k * lanes) + r) = Unsafe.Add(ref x, (r * count) + k);
            Column<TVector, TLanes>(ref column, ref column, count, lanes, logarithm);
            for (nint r = 0; r < lanes; r++)
                for (nint k = 0; k < count; k++)
                    Unsafe.Add(ref y, (r * count) + k) = Unsafe.Add(ref column, (k * lanes) + r);
        }
        return done;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TVector, TLanes>(ref float from, ref float to, int count, bool logarithm)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        float greatest = float.NegativeInfinity;
        for (nint i = 0; i < count; i++)
            greatest = Float32Lanes1.Max(greatest, Unsafe.Add(ref from, i));

        TVector shift = TLanes.Broadcast(greatest);
        float sum = 0;
        nint j = 0;
        for (; j <= count - TLanes.Count; j += TLanes.Count)
        {
            TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref from, j)), shift);
            TVector e = Float32Math.Exp<TVector, TLanes>(d);
            TLanes.Store(logarithm ? d : e, ref Unsafe.Add(ref to, j));
            for (int lane = 0; lane < TLanes.Count; lane++)
                sum += TLanes.Lane(e, lane);
        }
        for (; j < count; j++)
        {
            float d = Unsafe.Add(ref from, j) - greatest;
            float e = Float32Math.Exp<float, Float32Lanes1>(d);
            Unsafe.Add(ref to, j) = logarithm ? d : e;
            sum += e;
        }

        float normal = logarithm ? Float32Math.Log<float, Float32Lanes1>(sum) : sum;
        TVector divisor = TLanes.Broadcast(normal);
        j = 0;
        for (; j <= count - TLanes.Count; j += TLanes.Count)
        {
            TVector x = TLanes.Load(ref Unsafe.Add(ref to, j));
            TLanes.Store(logarithm ? TLanes.Subtract(x, divisor) : TLanes.Divide(x, divisor), ref Unsafe.Add(ref to, j));
        }
        for (; j < count; j++)
            Unsafe.Add(ref to, j) = logarithm ? Unsafe.Add(ref to, j) - normal : Unsafe.Add(ref to, j) / normal;
    }

    private static void Columns<TVector, TLanes>(ref float from, ref float to, int count, int inner, bool logarithm)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        int i = 0;
        for (; i <= inner - TLanes.Count; i += TLanes.Count)
            Column<TVector, TLanes>(ref Unsafe.Add(ref from, i), ref Unsafe.Add(ref to, i), count, inner, logarithm);
        for (; i < inner; i++)
            Column<float, Float32Lanes1>(ref Unsafe.Add(ref from, i), ref Unsafe.Add(ref to, i), count, inner, logarithm);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Column<TVector, TLanes>(ref float from, ref float to, int count, nint inner, bool logarithm)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        TVector greatest = TLanes.Broadcast(float.NegativeInfinity);
        for (nint k = 0; k < count; k++)
            greatest = TLanes.Max(greatest, TLanes.Load(ref Unsafe.Add(ref from, k * inner)));
        TVector sum = TLanes.Broadcast(0f);
        for (nint k = 0; k < count; k++)
        {
            TVector d = TLanes.Subtract(TLanes.Load(ref Unsafe.Add(ref from, k * inner)), greatest);
            TVector e = Float32Math.Exp<TVector, TLanes>(d);
            sum = TLanes.Add(sum, e);
            TLanes.Store(logarithm ? d : e, ref Unsafe.Add(ref to, k * inner));
        }
        if (logarithm)
            sum = Float32Math.Log<TVector, TLanes>(sum);
        for (nint k = 0; k < count; k++)
        {
            TVector x = TLanes.Load(ref Unsafe.Add(ref to, k * inner));
            TLanes.Store(logarithm ? TLanes.Subtract(x, sum) : TLanes.Divide(x, sum), ref Unsafe.Add(ref to, k * inner));
        }
    }
}
