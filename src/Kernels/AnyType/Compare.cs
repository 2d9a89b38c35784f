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
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<EqualOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a &lt; b; parameters as for equality.</summary>
    public static void Less(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<LessOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a ≤ b; parameters as for equality.</summary>
    public static void LessOrEqual(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<LessOrEqualOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a &gt; b; parameters as for equality.</summary>
    public static void Greater(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<GreaterOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a ≥ b; parameters as for equality.</summary>
    public static void GreaterOrEqual(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<GreaterOrEqualOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a ≠ b; parameters as for equality.</summary>
    public static void NotEqual(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<NotEqualOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    private struct EqualOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Unsafe.Add(ref output, index) = a == b ? (byte)1 : (byte)0;
    }

    private struct LessOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Unsafe.Add(ref output, index) = a < b ? (byte)1 : (byte)0;
    }

    private struct LessOrEqualOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Unsafe.Add(ref output, index) = a <= b ? (byte)1 : (byte)0;
    }

    private struct GreaterOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Unsafe.Add(ref output, index) = a > b ? (byte)1 : (byte)0;
    }

    private struct GreaterOrEqualOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Unsafe.Add(ref output, index) = a >= b ? (byte)1 : (byte)0;
    }

    private struct NotEqualOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Unsafe.Add(ref output, index) = a != b ? (byte)1 : (byte)0;
    }
}
