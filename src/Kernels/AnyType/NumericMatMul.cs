namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Numerics;
using global::System.Runtime.CompilerServices;

/// <summary>Products of matrices of integers, which wrap around in their own type.</summary>
internal static class NumericMatMul
{
    /// <summary>Multiplies the matrices of a batch.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="a">Operand offset of the first matrices.</param>
    /// <param name="b">Operand offset of the second matrices.</param>
    /// <param name="output">Arena offset of the products.</param>
    /// <param name="elementType">The element type, a number of <see cref="NumericType"/>.</param>
    /// <param name="rows">The rows of the first matrix.</param>
    /// <param name="inner">Its columns, which are the second one's rows.</param>
    /// <param name="columns">The columns of the second matrix.</param>
    /// <param name="batch">The batch's extents.</param>
    /// <param name="aStrides">Bytes between first matrices, 0 where one is repeated.</param>
    /// <param name="bStrides">The same for the second matrices.</param>
    public static void Run(
        Workspace w, int a, int b, int output, int elementType, int rows, int inner, int columns, ReadOnlySpan<int> batch,
        ReadOnlySpan<int> aStrides, ReadOnlySpan<int> bStrides)
    {
        int count = 1;
        for (int d = 0; d < batch.Length; d++)
            count *= batch[d];
        for (int i = 0; i < count; i++)
        {
            int rest = i;
            nint from = 0;
            nint with = 0;
            for (int d = batch.Length - 1; d >= 0; d--)
            {
                from += (nint)(rest % batch[d]) * aStrides[d];
                with += (nint)(rest % batch[d]) * bStrides[d];
                rest /= batch[d];
            }
            NumericKernel.Run(new Kernel(w, a, from, b, with, output, i, rows, inner, columns), elementType);
        }
    }

    private readonly struct Kernel(
        Workspace w, int a, nint aBytes, int b, nint bBytes, int output, nint index, int rows, int inner, int columns) : INumericKernel
    {
        public void Run<T>()
            where T : unmanaged, INumber<T>
        {
            ref T x = ref Unsafe.As<byte, T>(ref Unsafe.Add(ref w.Operand(a), aBytes));
            ref T y = ref Unsafe.As<byte, T>(ref Unsafe.Add(ref w.Operand(b), bBytes));
            ref T to = ref Unsafe.Add(ref Unsafe.As<byte, T>(ref w.Arena(output)), index * rows * columns);
            for (nint i = 0; i < rows; i++)
            {
                for (nint j = 0; j < columns; j++)
                {
                    T sum = T.Zero;
                    for (nint k = 0; k < inner; k++)
                        sum = unchecked(sum + (Unsafe.Add(ref x, (i * inner) + k) * Unsafe.Add(ref y, (k * columns) + j)));
                    Unsafe.Add(ref to, (i * columns) + j) = sum;
                }
            }
        }
    }
}
