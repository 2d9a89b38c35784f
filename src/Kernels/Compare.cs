namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Elementwise comparisons of two operands of equal element type; the output is one byte an element, 0 or 1. Operands are
/// broadcast to the output's shape by strides of 0; the output is contiguous. Comparisons with NaN do not hold, but
/// for inequality.
/// </summary>
internal static class Compare
{
    /// <summary>a = b.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="a">Operand offset of the first operand.</param>
    /// <param name="b">Operand offset of the second operand.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="elementType">The operands' element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="dims">The output's extents, outermost first.</param>
    /// <param name="aStrides">Elements between neighbours of the first operand, 0 where it is repeated.</param>
    /// <param name="bStrides">The same for the second operand.</param>
    public static void Equal(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<EqualOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a &lt; b; parameters as for equality.</summary>
    public static void Less(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<LessOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a ≤ b; parameters as for equality.</summary>
    public static void LessOrEqual(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<LessOrEqualOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a &gt; b; parameters as for equality.</summary>
    public static void Greater(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<GreaterOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a ≥ b; parameters as for equality.</summary>
    public static void GreaterOrEqual(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<GreaterOrEqualOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a ≠ b; parameters as for equality.</summary>
    public static void NotEqual(
        Workspace w,
        int a,
        int b,
        int output,
        int elementType,
        ReadOnlySpan<int> dims,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        Dispatch<NotEqualOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    private interface IOperation
    {
        static abstract bool Apply<T>(T a, T b)
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
            ref Unsafe.As<byte, T>(ref w.Operand(a)), ref Unsafe.As<byte, T>(ref w.Operand(b)), ref w.Arena(output),
            dims, aStrides, bStrides);

    // Returns the number of elements written.
    private static nint Walk<T, TOperation>(
        ref T a, ref T b, ref byte to, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides, ReadOnlySpan<int> bStrides)
        where T : unmanaged, INumber<T>
        where TOperation : struct, IOperation
    {
        if (dims.Length == 0)
        {
            to = TOperation.Apply(a, b) ? (byte)1 : (byte)0;
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
                Unsafe.Add(ref to, i) = TOperation.Apply(Unsafe.Add(ref a, i * aStep), Unsafe.Add(ref b, i * bStep)) ? (byte)1 : (byte)0;
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

    private struct EqualOperation : IOperation
    {
        public static bool Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => a == b;
    }

    private struct LessOperation : IOperation
    {
        public static bool Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => a < b;
    }

    private struct LessOrEqualOperation : IOperation
    {
        public static bool Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => a <= b;
    }

    private struct GreaterOperation : IOperation
    {
        public static bool Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => a > b;
    }

    private struct GreaterOrEqualOperation : IOperation
    {
        public static bool Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => a >= b;
    }

    private struct NotEqualOperation : IOperation
    {
        public static bool Apply<T>(T a, T b)
            where T : unmanaged, INumber<T> => a != b;
    }
}
