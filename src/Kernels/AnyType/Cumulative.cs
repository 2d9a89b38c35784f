namespace OptimizerBuild.Kernels;

using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Sums and products of everything up to each place of the middle dimension of <c>[outer, count, inner]</c>. Integers wrap around;
/// float16 is rounded after each step.
/// </summary>
internal static class Cumulative
{
    /// <summary>The sums.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output.</param>
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="outer">The product of the dimensions before.</param>
    /// <param name="count">The extent of the dimension.</param>
    /// <param name="inner">The product of the dimensions after it.</param>
    /// <param name="exclusive">1 when an element is not part of its own sum.</param>
    /// <param name="reverse">1 when sums run from the end.</param>
    public static void Sum(
        Workspace w, int input, int output, int elementType, int outer, int count, int inner, int exclusive, int reverse) =>
        NumericKernel.Run(new Kernel<SumOperation>(w, input, output, outer, count, inner, exclusive, reverse), elementType);

    /// <summary>The products; parameters as for the sums.</summary>
    public static void Product(
        Workspace w, int input, int output, int elementType, int outer, int count, int inner, int exclusive, int reverse) =>
        NumericKernel.Run(new Kernel<ProductOperation>(w, input, output, outer, count, inner, exclusive, reverse), elementType);

    private interface IOperation
    {
        static abstract T Start<T>()
            where T : unmanaged, INumber<T>;

        static abstract T Step<T>(T accumulator, T x)
            where T : unmanaged, INumber<T>;
    }

    private readonly struct Kernel<TOperation>(
        Workspace w, int input, int output, int outer, int count, int inner, int exclusive, int reverse) : INumericKernel
        where TOperation : struct, IOperation
    {
        public void Run<T>()
            where T : unmanaged, INumber<T>
        {
            ref T from = ref Unsafe.As<byte, T>(ref w.Operand(input));
            ref T to = ref Unsafe.As<byte, T>(ref w.Arena(output));
            for (nint o = 0; o < outer; o++)
            {
                for (nint i = 0; i < inner; i++)
                {
                    T accumulator = TOperation.Start<T>();
                    for (nint k = 0; k < count; k++)
                    {
                        nint at = (((o * count) + (reverse != 0 ? count - 1 - k : k)) * inner) + i;
                        T x = Unsafe.Add(ref from, at);
                        T next = TOperation.Step(accumulator, x);
                        Unsafe.Add(ref to, at) = exclusive != 0 ? accumulator : next;
                        accumulator = next;
                    }
                }
            }
        }
    }

    private struct SumOperation : IOperation
    {
        public static T Start<T>()
            where T : unmanaged, INumber<T> => T.Zero;

        public static T Step<T>(T accumulator, T x)
            where T : unmanaged, INumber<T> => unchecked(accumulator + x);
    }

    private struct ProductOperation : IOperation
    {
        public static T Start<T>()
            where T : unmanaged, INumber<T> => T.One;

        public static T Step<T>(T accumulator, T x)
            where T : unmanaged, INumber<T> => unchecked(accumulator * x);
    }
}
