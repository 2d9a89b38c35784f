namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Elementwise arithmetic of two operands of equal element type, for every type but float32, which has kernels of its own.
/// Operands are broadcast to the output's shape by strides of 0; the output is contiguous. Integer arithmetic wraps around.
/// </summary>
internal static class NumericBinary
{
    /// <summary>a + b.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="a">Operand offset of the first operand.</param>
    /// <param name="b">Operand offset of the second operand.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="dims">The output's extents, outermost first.</param>
    /// <param name="aStrides">Elements between neighbours of the first operand, 0 where it is repeated.</param>
    /// <param name="bStrides">The same for the second operand.</param>
    public static void Add(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<AddOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a − b; parameters as for the sum.</summary>
    public static void Sub(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<SubOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a · b; parameters as for the sum.</summary>
    public static void Mul(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<MulOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a / b, towards zero for integers; an integer divided by zero is 0. Parameters as for the sum.</summary>
    public static void Div(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<DivOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The greater of a and b; parameters as for the sum.</summary>
    public static void Max(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<MaxOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The lesser of a and b; parameters as for the sum.</summary>
    public static void Min(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<MinOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>
    /// a to the power of b. For integers the product of b factors, wrapping around; with a negative b, 1 divided by it, towards zero
    /// (0 for a = 0). Parameters as for the sum.
    /// </summary>
    public static void Pow(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<PowOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>A function of two numbers.</summary>
    private interface IOperation
    {
        static abstract T Apply<T>(T a, T b)
            where T : unmanaged, INumber<T>;
    }

    private static void Dispatch<TOperation>(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
        where TOperation : struct, IOperation
    {
        switch (elementType)
        {
            case NumericType.UInt8:
            case NumericType.Bool:
                Run<byte, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Int8:
                Run<sbyte, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.UInt16:
                Run<ushort, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Int16:
                Run<short, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Int32:
                Run<int, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.UInt32:
                Run<uint, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Int64:
                Run<long, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.UInt64:
                Run<ulong, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Float16:
                Run<Half, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            case NumericType.Float64:
                Run<double, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
            default:
                Run<float, TOperation>(w, a, b, output, dims, aStrides, bStrides);
                break;
        }
    }

    private static void Run<T, TOperation>(
        Workspace w, int a, int b, int output, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides, ReadOnlySpan<int> bStrides)
        where T : unmanaged, INumber<T>
        where TOperation : struct, IOperation =>
        Walk<T, TOperation>(
            ref Unsafe.As<byte, T>(ref w.Operand(a)), ref Unsafe.As<byte, T>(ref w.Operand(b)), ref Unsafe.As<byte, T>(ref w.Arena(output)),
            dims, aStrides, bStrides);

    // Returns the number of elements written.
    private static nint Walk<T, TOperation>(
        ref T a, ref T b, ref T to, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides, ReadOnlySpan<int> bStrides)
        where T : unmanaged, INumber<T>
        where TOperation : struct, IOperation
    {
        if (dims.Length == 0)
        {
            to = TOperation.Apply(a, b);
            return 1;
        }
        nint written = 0;
        nint aStep = aStrides[0];
        nint bStep = bStrides[0];
        int count = dims[0];
        for (nint i = 0; i < count; i++)
        {
            if (dims.Length == 1)
            {
                Unsafe.Add(ref to, i) = TOperation.Apply(Unsafe.Add(ref a, i * aStep), Unsafe.Add(ref b, i * bStep));
                written++;
            }
            else
            {
                written += Walk<T, TOperation>(
                    ref Unsafe.Add(ref a, i * aStep), ref Unsafe.Add(ref b, i * bStep), ref Unsafe.Add(ref to, written),
                    dims.Slice(1), aStrides.Slice(1), bStrides.Slice(1));
            }
        }
        return written;
    }

    private struct AddOperation : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => unchecked(a + b);
    }

    private struct SubOperation : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => unchecked(a - b);
    }

    private struct MulOperation : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => unchecked(a * b);
    }

    private struct DivOperation : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : unmanaged, INumber<T>
        {
            if (typeof(T) == typeof(float) || typeof(T) == typeof(double) || typeof(T) == typeof(Half))
                return a / b;
            if (T.IsZero(b))
                return T.Zero;
            // The least integer divided by −1 has no representation; the hardware would raise an exception.
            unchecked
            {
                return T.IsNegative(b) && T.IsZero(b + T.One) ? T.Zero - a : a / b;
            }
        }
    }

    private struct MaxOperation : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => a > b || T.IsNaN(a) ? a : b;
    }

    private struct MinOperation : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => a < b || T.IsNaN(a) ? a : b;
    }

    private struct PowOperation : IOperation
    {
        public static T Apply<T>(T a, T b)
            where T : unmanaged, INumber<T>
        {
            if (typeof(T) == typeof(double))
                return (T)(object)Power.Of((double)(object)a, (double)(object)b);
            if (typeof(T) == typeof(float))
                return (T)(object)(float)Power.Of((float)(object)a, (float)(object)b);
            if (typeof(T) == typeof(Half))
                return (T)(object)(Half)Power.Of((double)(Half)(object)a, (double)(Half)(object)b);
            unchecked
            {
                if (T.IsNegative(b))
                {
                    if (a == T.One)
                        return T.One;
                    return T.IsNegative(a) && T.IsZero(a + T.One) ? (T.IsOddInteger(b) ? a : T.One) : T.Zero;
                }
                // Square and multiply (Knuth, The Art of Computer Programming 2, 4.6.3).
                T two = T.One + T.One;
                T result = T.One;
                while (!T.IsZero(b))
                {
                    if (T.IsOddInteger(b))
                        result *= a;
                    a *= a;
                    b /= two;
                }
                return result;
            }
        }
    }
}
