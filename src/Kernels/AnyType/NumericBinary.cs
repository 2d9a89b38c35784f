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
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<AddOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a − b; parameters as for the sum.</summary>
    public static void Sub(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<SubOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a · b; parameters as for the sum.</summary>
    public static void Mul(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<MulOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a / b, towards zero for integers; an integer divided by zero is 0. Parameters as for the sum.</summary>
    public static void Div(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<DivOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The greater of a and b; parameters as for the sum.</summary>
    public static void Max(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<MaxOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The lesser of a and b; parameters as for the sum.</summary>
    public static void Min(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<MinOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>
    /// a to the power of b. For integers the product of b factors, wrapping around; with a negative b, 1 divided by it, towards zero
    /// (0 for a = 0). Parameters as for the sum.
    /// </summary>
    public static void Pow(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<PowOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>a modulo b, with the sign of b; an integer modulo zero is 0; parameters as for the sum.</summary>
    public static void Mod(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<ModOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The remainder of a / b, with the sign of a; an integer modulo zero is 0; parameters as for the sum.</summary>
    public static void Fmod(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<FmodOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The bitwise conjunction of two integers; parameters as for the sum.</summary>
    public static void And(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<AndOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The bitwise disjunction of two integers; parameters as for the sum.</summary>
    public static void Or(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<OrOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The bitwise difference of two integers; parameters as for the sum.</summary>
    public static void Xor(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<XorOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The bits of a moved b places up; 0 where b is not less than their number; parameters as for the sum.</summary>
    public static void ShiftLeft(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<ShiftLeftOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    /// <summary>The bits of a moved b places down; 0 where b is not less than their number; parameters as for the sum.</summary>
    public static void ShiftRight(
        Workspace w, int a, int b, int output, int elementType, ReadOnlySpan<int> dims, ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides) =>
        NumericBinaryLoop.Run<ShiftRightOperation>(w, a, b, output, elementType, dims, aStrides, bStrides);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<T>(ref byte output, nint index, T value)
        where T : unmanaged => Unsafe.Add(ref Unsafe.As<byte, T>(ref output), index) = value;

    private struct AddOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, unchecked(a + b));
    }

    private struct SubOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, unchecked(a - b));
    }

    private struct MulOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, unchecked(a * b));
    }

    private struct DivOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, Quotient(a, b));

        private static T Quotient<T>(T a, T b)
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

    private struct MaxOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, a > b || T.IsNaN(a) ? a : b);
    }

    private struct MinOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, a < b || T.IsNaN(a) ? a : b);
    }

    private struct PowOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, PowerOf(a, b));

        private static T PowerOf<T>(T a, T b)
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

    private struct ModOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, Remainder.Of(a, b, truncates: false));
    }

    private struct FmodOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, Remainder.Of(a, b, truncates: true));
    }

    private struct AndOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, Bits.And(a, b));
    }

    private struct OrOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, Bits.Or(a, b));
    }

    private struct XorOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, Bits.Xor(a, b));
    }

    private struct ShiftLeftOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, Bits.ShiftLeft(a, b));
    }

    private struct ShiftRightOperation : INumericBinaryFunction
    {
        public static void Apply<T>(T a, T b, ref byte output, nint index)
            where T : unmanaged, INumber<T> => Store(ref output, index, Bits.ShiftRight(a, b));
    }
}
