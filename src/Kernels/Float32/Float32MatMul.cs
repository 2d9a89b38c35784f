namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Products of matrices that are both known only at run time, in batches. The second matrix is read in place as one wide panel: its
/// rows are the weights of one k each.
/// </summary>
internal static class Float32MatMul
{
    // The accumulators start at zero.
    private static ReadOnlySpan<float> NoBias => [0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f, 0f];

    /// <summary>output = a · b for each pair of matrices of the batch, bounded.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="a">Operand offset of the first matrices.</param>
    /// <param name="b">Operand offset of the second matrices.</param>
    /// <param name="output">Arena offset of the products, one after the other.</param>
    /// <param name="rows">Rows of a first matrix.</param>
    /// <param name="inner">Columns of a first and rows of a second matrix.</param>
    /// <param name="columns">Columns of a second matrix.</param>
    /// <param name="minimum">The least result: the fused activation's lower bound.</param>
    /// <param name="maximum">The greatest result: the fused activation's upper bound.</param>
    /// <param name="batch">Extents of the batch, outermost first; empty for one product.</param>
    /// <param name="aStrides">Bytes between neighbouring first matrices, for each extent; 0 where one is repeated.</param>
    /// <param name="bStrides">The same for the second matrices.</param>
    public static void Run(
        Workspace w,
        int a,
        int b,
        int output,
        int rows,
        int inner,
        int columns,
        float minimum,
        float maximum,
        ReadOnlySpan<int> batch,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides)
    {
        ref byte x = ref w.Operand(a);
        ref byte y = ref w.Operand(b);
        ref byte to = ref w.Arena(output);
        int count = 1;
        for (int d = 0; d < batch.Length; d++)
            count *= batch[d];
        for (int i = 0; i < count; i++)
        {
            nint aOffset = 0;
            nint bOffset = 0;
            int rest = i;
            for (int d = batch.Length - 1; d >= 0; d--)
            {
                int index = rest % batch[d];
                rest /= batch[d];
                aOffset += (nint)index * aStrides[d];
                bOffset += (nint)index * bStrides[d];
            }
            ref byte target = ref Unsafe.Add(ref to, (nint)i * rows * columns * sizeof(float));
            Product(
                ref Unsafe.Add(ref x, aOffset), ref Unsafe.Add(ref y, bOffset), ref target, rows, inner, columns, minimum, maximum);
        }
    }

    private static void Product(
        ref byte a, ref byte b, ref byte output, int rows, int inner, int columns, float minimum, float maximum)
    {
        if (Float32Path.Is512)
            Product<Vector512<float>, Float32Lanes512>(ref a, ref b, ref output, rows, inner, columns, minimum, maximum);
        else if (Float32Path.Is256)
            Product<Vector256<float>, Float32Lanes256>(ref a, ref b, ref output, rows, inner, columns, minimum, maximum);
        else if (Float32Path.Is128)
            Product<Vector128<float>, Float32Lanes128>(ref a, ref b, ref output, rows, inner, columns, minimum, maximum);
        else
            Product<float, Float32Lanes1>(ref a, ref b, ref output, rows, inner, columns, minimum, maximum);
    }

    private static void Product<TVector, TLanes>(
        ref byte a, ref byte b, ref byte output, int rows, int inner, int columns, float minimum, float maximum)
        where TVector : struct
        where TLanes : struct, IFloat32Lanes<TVector>
    {
        ReadOnlySpan<int> positions = [rows];
        ReadOnlySpan<int> inputSteps = [inner * sizeof(float)];
        ReadOnlySpan<int> outputSteps = [columns * sizeof(float)];
        ReadOnlySpan<int> taps = [0];
        Float32Product.Run<TVector, TLanes>(
            ref a, ref b, Float32Tile.Panel * sizeof(float), ref Unsafe.AsRef(in NoBias[0]), oneBias: true, ref output, columns,
            positions, inputSteps, outputSteps, taps, inner, (nint)columns * sizeof(float), minimum, maximum);
    }
}
