namespace OptimizerBuild.Kernels;

using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Functions of one value for every element type but float32, which has kernels of its own. Input and output may be the same place.
/// </summary>
internal static class NumericUnary
{
    /// <summary>−x, wrapping around.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="count">The number of elements.</param>
    public static void Neg(Workspace w, int input, int output, int elementType, int count) =>
        Dispatch<NegOperation>(w, input, output, elementType, count);

    /// <summary>|x|, wrapping around for the least integer; parameters as for the negation.</summary>
    public static void Abs(Workspace w, int input, int output, int elementType, int count) =>
        Dispatch<AbsOperation>(w, input, output, elementType, count);

    /// <summary>The greater of x and 0; parameters as for the negation.</summary>
    public static void Relu(Workspace w, int input, int output, int elementType, int count) =>
        Dispatch<ReluOperation>(w, input, output, elementType, count);

    /// <summary>−1, 0 or 1 as x is negative, zero or positive; parameters as for the negation.</summary>
    public static void Sign(Workspace w, int input, int output, int elementType, int count) =>
        Dispatch<SignOperation>(w, input, output, elementType, count);

    private interface IOperation
    {
        static abstract T Apply<T>(T x)
            where T : unmanaged, INumber<T>;
    }

    private static void Dispatch<TOperation>(Workspace w, int input, int output, int elementType, int count)
        where TOperation : struct, IOperation
    {
        switch (elementType)
        {
            case NumericType.UInt8:
            case NumericType.Bool:
                Run<byte, TOperation>(w, input, output, count);
                break;
            case NumericType.Int8:
                Run<sbyte, TOperation>(w, input, output, count);
                break;
            case NumericType.UInt16:
                Run<ushort, TOperation>(w, input, output, count);
                break;
            case NumericType.Int16:
                Run<short, TOperation>(w, input, output, count);
                break;
            case NumericType.Int32:
                Run<int, TOperation>(w, input, output, count);
                break;
            case NumericType.UInt32:
                Run<uint, TOperation>(w, input, output, count);
                break;
            case NumericType.Int64:
                Run<long, TOperation>(w, input, output, count);
                break;
            case NumericType.UInt64:
                Run<ulong, TOperation>(w, input, output, count);
                break;
            case NumericType.Float16:
                Run<global::System.Half, TOperation>(w, input, output, count);
                break;
            case NumericType.Float64:
                Run<double, TOperation>(w, input, output, count);
                break;
            default:
                Run<float, TOperation>(w, input, output, count);
                break;
        }
    }

    private static void Run<T, TOperation>(Workspace w, int input, int output, int count)
        where T : unmanaged, INumber<T>
        where TOperation : struct, IOperation
    {
        ref T from = ref Unsafe.As<byte, T>(ref w.Operand(input));
        ref T to = ref Unsafe.As<byte, T>(ref w.Arena(output));
        for (nint i = 0; i < count; i++)
            Unsafe.Add(ref to, i) = TOperation.Apply(Unsafe.Add(ref from, i));
    }

    private struct NegOperation : IOperation
    {
        public static T Apply<T>(T x)
            where T : unmanaged, INumber<T> => unchecked(-x);
    }

    private struct AbsOperation : IOperation
    {
        // The sign is cleared by a subtraction, because T.Abs refuses the least integer.
        public static T Apply<T>(T x)
            where T : unmanaged, INumber<T> => T.IsNegative(x) ? unchecked(-x) : x;
    }

    private struct ReluOperation : IOperation
    {
        public static T Apply<T>(T x)
            where T : unmanaged, INumber<T> => x < T.Zero ? T.Zero : x;
    }

    private struct SignOperation : IOperation
    {
        public static T Apply<T>(T x)
            where T : unmanaged, INumber<T> => x > T.Zero ? T.One : x < T.Zero ? unchecked(-T.One) : x;
    }
}
