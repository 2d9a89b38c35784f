namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Functions of two float32 values. Operands are broadcast to the output's shape by strides of 0; the output is contiguous and may
/// take the place of an operand that has its shape.
/// </summary>
internal static class Float32Binary
{
    // Longer rows are long enough for themselves.
    private const int LongestPeriod = 256;

    /// <summary>a + b, then bounded.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="a">Operand offset of the first operand.</param>
    /// <param name="b">Operand offset of the second operand.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="minimum">The least result: the fused activation's lower bound.</param>
    /// <param name="maximum">The greatest result: the fused activation's upper bound.</param>
    /// <param name="dims">The output's extents, outermost first.</param>
    /// <param name="aStrides">Elements between neighbours of the first operand, 0 where it is repeated.</param>
    /// <param name="bStrides">The same for the second operand.</param>
    public static void Add(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Run<AddFunction>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>a − b; parameters as for <see cref="Add"/>.</summary>
    public static void Sub(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Run<SubFunction>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>a · b; parameters as for <see cref="Add"/>.</summary>
    public static void Mul(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Run<MulFunction>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>a / b; parameters as for <see cref="Add"/>.</summary>
    public static void Div(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Run<DivFunction>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>The greater of a and b; NaN where either is NaN; parameters as for <see cref="Add"/>.</summary>
    public static void Max(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Run<MaxFunction>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>The lesser of a and b; NaN where either is NaN; parameters as for <see cref="Add"/>.</summary>
    public static void Min(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Run<MinFunction>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>a, or a · b below zero; parameters as for <see cref="Add"/>.</summary>
    public static void PRelu(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Run<PReluFunction>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>a to the power of b; parameters as for <see cref="Add"/>.</summary>
    public static void Pow(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        RunWidened<Float32Power>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>a modulo b, with the sign of b; parameters as for <see cref="Add"/>.</summary>
    public static void Mod(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        RunWidened<Float32Modulo.Floored>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>The remainder of a / b, with the sign of a; parameters as for <see cref="Add"/>.</summary>
    public static void Fmod(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        RunWidened<Float32Modulo.Truncated>(w, a, b, output, minimum, maximum, dims, aStrides, bStrides);

    /// <summary>A function of two float32 values, the same bits in every lane of every vector.</summary>
    internal interface IFunction
    {
        /// <summary>The function of all lanes.</summary>
        static abstract TVector Apply<TVector, TLanes>(TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector>;
    }

    private interface IOrder
    {
        static abstract TVector Apply<TFunction, TVector, TLanes>(TVector a, TVector b)
            where TFunction : struct, IFunction
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector>;
    }

    private static void Run<TFunction>(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
        where TFunction : struct, IFunction
    {
        ref float x = ref Unsafe.As<byte, float>(ref w.Operand(a));
        ref float y = ref Unsafe.As<byte, float>(ref w.Operand(b));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        if (w.IsStarting)
            Walk<TFunction, float, Float32Lanes1>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
        else
            OnPath<TFunction>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
    }

    // Functions that are computed in double precision, whose vectors are the widest ones and have half as many lanes.
    private static void RunWidened<TFunction>(
        Workspace w, int a, int b, int output, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
        where TFunction : struct, IFunction
    {
        ref float x = ref Unsafe.As<byte, float>(ref w.Operand(a));
        ref float y = ref Unsafe.As<byte, float>(ref w.Operand(b));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        if (w.IsStarting)
            Walk<TFunction, float, Float32Lanes1>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
        else
            WidenedOnPath<TFunction>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
    }

    private static void WidenedOnPath<TFunction>(
        ref float x, ref float y, ref float to, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
        where TFunction : struct, IFunction
    {
        if (Float32Path.Is512)
            Walk<TFunction, Vector256<float>, Float32Lanes256>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
        else if (Float32Path.Is256 || Float32Path.Is128)
            Walk<TFunction, Vector128<float>, Float32Lanes128>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
        else
            Walk<TFunction, float, Float32Lanes1>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
    }

    private static void OnPath<TFunction>(
        ref float x, ref float y, ref float to, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
        where TFunction : struct, IFunction
    {
        if (Float32Path.Is512)
            Walk<TFunction, Vector512<float>, Float32Lanes512>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
        else if (Float32Path.Is256)
            Walk<TFunction, Vector256<float>, Float32Lanes256>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
        else if (Float32Path.Is128)
            Walk<TFunction, Vector128<float>, Float32Lanes128>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
        else
            Walk<TFunction, float, Float32Lanes1>(ref x, ref y, ref to, minimum, maximum, dims, aStrides, bStrides);
    }

    // Returns the number of elements written.
    private static nint Walk<TFunction, TVector, TLanes>(
        ref float a, ref float b, ref float to, float minimum, float maximum, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
        where TFunction : struct, IFunction
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        if (dims.Length == 0)
        {
            Row<TFunction, TVector, TLanes>(ref a, 1, ref b, 1, ref to, 1, minimum, maximum);
            return 1;
        }
        nint aStep = aStrides[0];
        nint bStep = bStrides[0];
        int count = dims[0];
        if (dims.Length == 1)
        {
            Row<TFunction, TVector, TLanes>(ref a, aStep, ref b, bStep, ref to, count, minimum, maximum);
            return count;
        }
        if (dims.Length == 2)
        {
            Plane<TFunction, TVector, TLanes>(
                ref a, aStep, aStrides[1], ref b, bStep, bStrides[1], ref to, count, dims[1], minimum, maximum);
            return (nint)count * dims[1];
        }
        nint written = 0;
        for (nint i = 0; i < count; i++)
        {
            written += Walk<TFunction, TVector, TLanes>(
                ref Unsafe.Add(ref a, i * aStep), ref Unsafe.Add(ref b, i * bStep), ref Unsafe.Add(ref to, written), minimum, maximum,
                dims.Slice(1), aStrides.Slice(1), bStrides.Slice(1));
        }
        return written;
    }

    // Rows of outputs. Short ones with one and the same operand for all, such as a factor for each channel, are one long row.
    private static void Plane<TFunction, TVector, TLanes>(
        ref float a,
        nint aRow,
        nint aStep,
        ref float b,
        nint bRow,
        nint bStep,
        ref float to,
        int rows,
        int columns,
        float minimum,
        float maximum)
        where TFunction : struct, IFunction
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        if (columns <= LongestPeriod && aStep == 1 && bStep == 1)
        {
            if (aRow == columns && bRow == 0)
            {
                Periodic<TFunction, InOrder, TVector, TLanes>(ref a, ref b, columns, ref to, rows * columns, minimum, maximum);
                return;
            }
            if (aRow == 0 && bRow == columns)
            {
                Periodic<TFunction, Exchanged, TVector, TLanes>(ref b, ref a, columns, ref to, rows * columns, minimum, maximum);
                return;
            }
        }
        for (nint i = 0; i < rows; i++)
        {
            Row<TFunction, TVector, TLanes>(
                ref Unsafe.Add(ref a, i * aRow), aStep, ref Unsafe.Add(ref b, i * bRow), bStep, ref Unsafe.Add(ref to, i * columns),
                columns, minimum, maximum);
        }
    }

    // One operand of as many elements as there are outputs, and one that repeats: its period stands in a buffer with as many
    // elements of the next one as a vector may reach into.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Periodic<TFunction, TOrder, TVector, TLanes>(
        ref float a, ref float b, int period, ref float to, int count, float minimum, float maximum)
        where TFunction : struct, IFunction
        where TOrder : struct, IOrder
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        Span<float> repeated = stackalloc float[LongestPeriod + 16];
        for (int j = 0; j < period + TLanes.Count; j++)
            repeated[j] = j < period ? Unsafe.Add(ref b, j) : repeated[j - period];
        ref float pattern = ref repeated[0];
        TVector low = TLanes.Broadcast(minimum);
        TVector high = TLanes.Broadcast(maximum);
        int step = TLanes.Count % period;
        int phase = 0;
        nint i = 0;
        for (; i <= count - TLanes.Count; i += TLanes.Count)
        {
            TVector y = TOrder.Apply<TFunction, TVector, TLanes>(
                TLanes.Load(ref Unsafe.Add(ref a, i)), TLanes.Load(ref Unsafe.Add(ref pattern, phase)));
            TLanes.Store(TLanes.Min(high, TLanes.Max(low, y)), ref Unsafe.Add(ref to, i));
            phase += step;
            phase -= phase >= period ? period : 0;
        }
        for (; i < count; i++, phase = phase + 1 == period ? 0 : phase + 1)
        {
            float y = TOrder.Apply<TFunction, float, Float32Lanes1>(Unsafe.Add(ref a, i), Unsafe.Add(ref pattern, phase));
            Unsafe.Add(ref to, i) = Float32Lanes1.Min(maximum, Float32Lanes1.Max(minimum, y));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Row<TFunction, TVector, TLanes>(
        ref float a, nint aStep, ref float b, nint bStep, ref float to, int count, float minimum, float maximum)
        where TFunction : struct, IFunction
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        nint i = 0;
        TVector low = TLanes.Broadcast(minimum);
        TVector high = TLanes.Broadcast(maximum);
        if (aStep == 1 && bStep == 1)
        {
            for (; i <= count - TLanes.Count; i += TLanes.Count)
            {
                TVector y = TFunction.Apply<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref a, i)), TLanes.Load(ref Unsafe.Add(ref b, i)));
                TLanes.Store(TLanes.Min(high, TLanes.Max(low, y)), ref Unsafe.Add(ref to, i));
            }
        }
        else if (aStep == 1 && bStep == 0)
        {
            TVector repeated = TLanes.Broadcast(b);
            for (; i <= count - TLanes.Count; i += TLanes.Count)
            {
                TVector y = TFunction.Apply<TVector, TLanes>(TLanes.Load(ref Unsafe.Add(ref a, i)), repeated);
                TLanes.Store(TLanes.Min(high, TLanes.Max(low, y)), ref Unsafe.Add(ref to, i));
            }
        }
        else if (aStep == 0 && bStep == 1)
        {
            TVector repeated = TLanes.Broadcast(a);
            for (; i <= count - TLanes.Count; i += TLanes.Count)
            {
                TVector y = TFunction.Apply<TVector, TLanes>(repeated, TLanes.Load(ref Unsafe.Add(ref b, i)));
                TLanes.Store(TLanes.Min(high, TLanes.Max(low, y)), ref Unsafe.Add(ref to, i));
            }
        }
        for (; i < count; i++)
        {
            float y = TFunction.Apply<float, Float32Lanes1>(Unsafe.Add(ref a, i * aStep), Unsafe.Add(ref b, i * bStep));
            Unsafe.Add(ref to, i) = Float32Lanes1.Min(maximum, Float32Lanes1.Max(minimum, y));
        }
    }

    private struct InOrder : IOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TFunction, TVector, TLanes>(TVector a, TVector b)
            where TFunction : struct, IFunction
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TFunction.Apply<TVector, TLanes>(a, b);
    }

    private struct Exchanged : IOrder
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TFunction, TVector, TLanes>(TVector a, TVector b)
            where TFunction : struct, IFunction
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TFunction.Apply<TVector, TLanes>(b, a);
    }

    private struct AddFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Add(a, b);
    }

    private struct SubFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Subtract(a, b);
    }

    private struct MulFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Multiply(a, b);
    }

    private struct DivFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Divide(a, b);
    }

    private struct MaxFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(TLanes.Equal(a, a), TLanes.Max(a, b), a);
    }

    private struct MinFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(TLanes.Equal(a, a), TLanes.Min(a, b), a);
    }

    private struct PReluFunction : IFunction
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static TVector Apply<TVector, TLanes>(TVector a, TVector b)
            where TVector : struct
            where TLanes : struct, IFloat32Lanes<TVector> =>
            TLanes.Select(TLanes.LessThan(a, TLanes.Broadcast(0f)), TLanes.Multiply(a, b), a);
    }
}
