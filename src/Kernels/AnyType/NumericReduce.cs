namespace OptimizerBuild.Kernels;

using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Reductions over the middle dimension of <c>[outer, reduced, inner]</c> for every element type but float32, which has kernels of
/// its own. Integers accumulate in their own type: sums and products wrap around, and the mean is the sum divided by the count, towards
/// zero. float16 accumulates in float32 and is rounded once at the end: its own sums would stand still at 2048 and end at 65504.
/// </summary>
internal static class NumericReduce
{
    /// <summary>The sum.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="outer">The product of the dimensions before the reduced ones.</param>
    /// <param name="reduced">The product of the reduced dimensions.</param>
    /// <param name="inner">The product of the dimensions after them.</param>
    public static void Sum(Workspace w, int input, int output, int elementType, int outer, int reduced, int inner) =>
        Dispatch<SumOperation>(w, input, output, elementType, outer, reduced, inner);

    /// <summary>The mean; parameters as for the sum.</summary>
    public static void Mean(Workspace w, int input, int output, int elementType, int outer, int reduced, int inner) =>
        Dispatch<MeanOperation>(w, input, output, elementType, outer, reduced, inner);

    /// <summary>The product; parameters as for the sum.</summary>
    public static void Prod(Workspace w, int input, int output, int elementType, int outer, int reduced, int inner) =>
        Dispatch<ProdOperation>(w, input, output, elementType, outer, reduced, inner);

    /// <summary>The greatest element, of at least one; parameters as for the sum.</summary>
    public static void Max(Workspace w, int input, int output, int elementType, int outer, int reduced, int inner) =>
        Dispatch<MaxOperation>(w, input, output, elementType, outer, reduced, inner);

    /// <summary>The least element, of at least one; parameters as for the sum.</summary>
    public static void Min(Workspace w, int input, int output, int elementType, int outer, int reduced, int inner) =>
        Dispatch<MinOperation>(w, input, output, elementType, outer, reduced, inner);

    private interface IOperation
    {
        // The result over no element.
        static abstract T Start<T>()
            where T : unmanaged, INumber<T>;

        // One further element; the first element meets no accumulator.
        static abstract T Step<T>(T accumulator, T x)
            where T : unmanaged, INumber<T>;

        static abstract T End<T>(T accumulator, int count)
            where T : unmanaged, INumber<T>;
    }

    private static void Dispatch<TOperation>(Workspace w, int input, int output, int elementType, int outer, int reduced, int inner)
        where TOperation : struct, IOperation
    {
        switch (elementType)
        {
            case NumericType.UInt8:
            case NumericType.Bool:
                Run<byte, byte, TOperation>(w, input, output, outer, reduced, inner);
                break;
            case NumericType.Int8:
                Run<sbyte, sbyte, TOperation>(w, input, output, outer, reduced, inner);
                break;
            case NumericType.UInt16:
                Run<ushort, ushort, TOperation>(w, input, output, outer, reduced, inner);
                break;
            case NumericType.Int16:
                Run<short, short, TOperation>(w, input, output, outer, reduced, inner);
                break;
            case NumericType.Int32:
                Run<int, int, TOperation>(w, input, output, outer, reduced, inner);
                break;
            case NumericType.UInt32:
                Run<uint, uint, TOperation>(w, input, output, outer, reduced, inner);
                break;
            case NumericType.Int64:
                Run<long, long, TOperation>(w, input, output, outer, reduced, inner);
                break;
            case NumericType.UInt64:
                Run<ulong, ulong, TOperation>(w, input, output, outer, reduced, inner);
                break;
            case NumericType.Float16:
                Run<global::System.Half, float, TOperation>(w, input, output, outer, reduced, inner);
                break;
            case NumericType.Float64:
                Run<double, double, TOperation>(w, input, output, outer, reduced, inner);
                break;
            default:
                Run<float, float, TOperation>(w, input, output, outer, reduced, inner);
                break;
        }
    }

    private static void Run<T, TAccumulator, TOperation>(Workspace w, int input, int output, int outer, int reduced, int inner)
        where T : unmanaged, INumber<T>
        where TAccumulator : unmanaged, INumber<TAccumulator>
        where TOperation : struct, IOperation
    {
        ref T from = ref Unsafe.As<byte, T>(ref w.Operand(input));
        ref T to = ref Unsafe.As<byte, T>(ref w.Arena(output));
        for (nint o = 0; o < outer; o++)
        {
            for (nint i = 0; i < inner; i++)
            {
                ref T column = ref Unsafe.Add(ref from, (o * reduced * inner) + i);
                TAccumulator accumulator = reduced > 0 ? TAccumulator.CreateTruncating(column) : TOperation.Start<TAccumulator>();
                for (nint k = 1; k < reduced; k++)
                    accumulator = TOperation.Step(accumulator, TAccumulator.CreateTruncating(Unsafe.Add(ref column, k * inner)));
                Unsafe.Add(ref to, (o * inner) + i) = T.CreateTruncating(TOperation.End(accumulator, reduced));
            }
        }
    }

    private struct SumOperation : IOperation
    {
        public static T Start<T>()
            where T : unmanaged, INumber<T> => T.Zero;

        public static T Step<T>(T accumulator, T x)
            where T : unmanaged, INumber<T> => unchecked(accumulator + x);

        public static T End<T>(T accumulator, int count)
            where T : unmanaged, INumber<T> => accumulator;
    }

    private struct MeanOperation : IOperation
    {
        public static T Start<T>()
            where T : unmanaged, INumber<T> => T.Zero;

        public static T Step<T>(T accumulator, T x)
            where T : unmanaged, INumber<T> => unchecked(accumulator + x);

        // A count beyond the type's range has no quotient but 0.
        public static T End<T>(T accumulator, int count)
            where T : unmanaged, INumber<T> => count == 0 ? accumulator : accumulator / T.CreateSaturating(count);
    }

    private struct ProdOperation : IOperation
    {
        public static T Start<T>()
            where T : unmanaged, INumber<T> => T.One;

        public static T Step<T>(T accumulator, T x)
            where T : unmanaged, INumber<T> => unchecked(accumulator * x);

        public static T End<T>(T accumulator, int count)
            where T : unmanaged, INumber<T> => accumulator;
    }

    private struct MaxOperation : IOperation
    {
        public static T Start<T>()
            where T : unmanaged, INumber<T> => T.Zero;

        public static T Step<T>(T accumulator, T x)
            where T : unmanaged, INumber<T> => x > accumulator || T.IsNaN(x) ? x : accumulator;

        public static T End<T>(T accumulator, int count)
            where T : unmanaged, INumber<T> => accumulator;
    }

    private struct MinOperation : IOperation
    {
        public static T Start<T>()
            where T : unmanaged, INumber<T> => T.Zero;

        public static T Step<T>(T accumulator, T x)
            where T : unmanaged, INumber<T> => x < accumulator || T.IsNaN(x) ? x : accumulator;

        public static T End<T>(T accumulator, int count)
            where T : unmanaged, INumber<T> => accumulator;
    }
}
