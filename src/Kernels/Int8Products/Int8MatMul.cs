namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Products of matrices of u8 values that are both known only at run time, in batches (docs/arithmetic.md, Products of two activations).
/// The second matrix is packed as weights are (<see cref="Int8MatrixPacking"/>) into scratch memory of the arena, whatever its strides, so
/// that a transposition before it costs nothing; the product itself is that of a dense layer.
/// </summary>
internal static class Int8MatMul
{
    /// <summary>Bytes of the scratch memory: the packed matrix, then a bias and a multiplier (s32) for each of its columns.</summary>
    /// <param name="inner">Rows of a second matrix.</param>
    /// <param name="columns">Its columns.</param>
    public static int ScratchBytes(int inner, int columns) =>
        checked(Int8MatrixPacking.PackedBytes(inner, columns) + (2 * sizeof(int) * ((columns + 7) & ~7)));

    /// <summary>output = a · b for each pair of matrices of the batch, with u8 outputs.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="a">Arena offset of the first matrices.</param>
    /// <param name="aRowStride">Bytes from one row of a first matrix to the next; its columns are adjacent.</param>
    /// <param name="b">Arena offset of the second matrices.</param>
    /// <param name="bRowStride">Bytes from one row of a second matrix to the next.</param>
    /// <param name="bColumnStride">Bytes from one column of a second matrix to the next.</param>
    /// <param name="output">Arena offset of the products.</param>
    /// <param name="outputRowStride">Bytes from one row of a product to the next; its columns are adjacent.</param>
    /// <param name="scratch">Arena offset of <see cref="ScratchBytes"/> bytes.</param>
    /// <param name="aZeroPoint">The first matrices' zero point.</param>
    /// <param name="bZeroPoint">The second matrices' zero point.</param>
    /// <param name="multiplier">The requantisation's multiplier.</param>
    /// <param name="shift">The requantisation's right shift, 1…62.</param>
    /// <param name="outputZeroPoint">The output's zero point.</param>
    /// <param name="minimum">The least output.</param>
    /// <param name="maximum">The greatest output.</param>
    /// <param name="rows">Rows of a first matrix.</param>
    /// <param name="inner">Columns of a first and rows of a second matrix.</param>
    /// <param name="columns">Columns of a second matrix.</param>
    /// <param name="batch">Extents of the batch, outermost first; empty for one product.</param>
    /// <param name="aStrides">Bytes between neighbouring first matrices, for each extent; 0 where one is repeated.</param>
    /// <param name="bStrides">The same for the second matrices.</param>
    /// <param name="outputStrides">The same for the products.</param>
    public static void Run(
        Workspace w,
        int a,
        int aRowStride,
        int b,
        int bRowStride,
        int bColumnStride,
        int output,
        int outputRowStride,
        int scratch,
        int aZeroPoint,
        int bZeroPoint,
        int multiplier,
        int shift,
        int outputZeroPoint,
        int minimum,
        int maximum,
        int rows,
        int inner,
        int columns,
        ReadOnlySpan<int> batch,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides,
        ReadOnlySpan<int> outputStrides)
    {
        Describe(out Int8Product product, a, aRowStride, output, outputRowStride, scratch, bZeroPoint, rows, inner, columns);
        Requantization.ToUInt8(
            out product.Requantization, shift, outputZeroPoint, minimum, maximum, ref Unsafe.As<int, byte>(ref multiplier), 1);
        Batch(w, ref product, b, bRowStride, bColumnStride, aZeroPoint, multiplier, batch, aStrides, bStrides, outputStrides);
    }

    /// <summary>The same with s32 outputs (4 bytes an output; strides are bytes). Parameters as in <see cref="Run"/>.</summary>
    public static void RunWide(
        Workspace w,
        int a,
        int aRowStride,
        int b,
        int bRowStride,
        int bColumnStride,
        int output,
        int outputRowStride,
        int scratch,
        int aZeroPoint,
        int bZeroPoint,
        int multiplier,
        int shift,
        int rows,
        int inner,
        int columns,
        ReadOnlySpan<int> batch,
        ReadOnlySpan<int> aStrides,
        ReadOnlySpan<int> bStrides,
        ReadOnlySpan<int> outputStrides)
    {
        Describe(out Int8Product product, a, aRowStride, output, outputRowStride, scratch, bZeroPoint, rows, inner, columns);
        Requantization.ToInt32(out product.Requantization, shift);
        Batch(w, ref product, b, bRowStride, bColumnStride, aZeroPoint, multiplier, batch, aStrides, bStrides, outputStrides);
    }

    /// <summary>The product of two matrices, the second of which is packed; its requantisation is left to the caller.</summary>
    internal static void Describe(
        out Int8Product product, int a, int aRowStride, int output, int outputRowStride, int scratch, int bZeroPoint, int rows, int inner,
        int columns)
    {
        unchecked
        {
            int bias = scratch + Int8MatrixPacking.PackedBytes(inner, columns);
            Int8Dense.Describe(
                out product, a, aRowStride, output, outputRowStride, scratch, bias, bias + (((columns + 7) & ~7) * 4), rows, inner,
                columns);
            product.ConstantsInArena = true;
            product.RowFactor = 128 - bZeroPoint;
            product.RowLength = inner;
        }
    }

    private static void Batch(
        Workspace w, ref Int8Product product, int b, int bRowStride, int bColumnStride, int aZeroPoint, int multiplier,
        ReadOnlySpan<int> batch, ReadOnlySpan<int> aStrides, ReadOnlySpan<int> bStrides, ReadOnlySpan<int> outputStrides)
    {
        unchecked
        {
            int count = 1;
            for (int d = 0; d < batch.Length; d++)
                count *= batch[d];
            int input = product.Input;
            int output = product.Output;
            int packed = -1;
            ref byte multipliers = ref w.Arena(product.Multipliers);
            for (int i = 0; i < product.PaddedChannels; i++)
                Unsafe.WriteUnaligned(ref Unsafe.Add(ref multipliers, i * 4), multiplier);
            for (int i = 0; i < count; i++)
            {
                product.Input = input;
                product.Output = output;
                int second = b;
                int rest = i;
                for (int d = batch.Length - 1; d >= 0; d--)
                {
                    int index = rest % batch[d];
                    rest /= batch[d];
                    product.Input += index * aStrides[d];
                    second += index * bStrides[d];
                    product.Output += index * outputStrides[d];
                }

                if (second != packed)
                    Pack(w, in product, second, bRowStride, bColumnStride, aZeroPoint);
                packed = second;
                Int8ProductLoop.Run(w, in product);
            }
        }
    }

    /// <summary>
    /// Packs a second matrix and computes the biases: with the sums of its columns (less 128) they take the first matrix's zero point out.
    /// </summary>
    private static void Pack(Workspace w, in Int8Product product, int b, int bRowStride, int bColumnStride, int aZeroPoint)
    {
        unchecked
        {
            bool vectors = Vectors(w);
            ref byte packed = ref w.Arena(product.Weights);
            ref int biases = ref Unsafe.As<byte, int>(ref w.Arena(product.Bias));
            Int8MatrixPacking.Pack(
                ref w.Arena(b), bRowStride, bColumnStride, product.RowLength, product.Channels, vectors, ref packed);
            for (int i = 0; i < product.PaddedChannels; i++)
                Unsafe.Add(ref biases, i) = 0;
            if (aZeroPoint == 0)
                return;
            Int8MatrixPacking.Sum(ref packed, product.RowLength, product.Channels, vectors, ref biases);
            int both = product.RowLength * product.RowFactor;
            for (int i = 0; i < product.Channels; i++)
                Unsafe.Add(ref biases, i) = -aZeroPoint * (Unsafe.Add(ref biases, i) + both);
        }
    }

    private static bool Vectors(Workspace w) =>
        Vector128.IsHardwareAccelerated && (!w.IsStarting || w.TakesStepsAsLarge);
}
