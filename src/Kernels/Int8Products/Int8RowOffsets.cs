namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// What all sums of a row get where the weights have a zero point (<see cref="Int8Product.RowFactor"/>): a factor times the sum of the
/// row's inputs (docs/arithmetic.md, Products of two activations).
/// </summary>
internal static class Int8RowOffsets
{
    /// <summary>Additions of two bytes to one lane of 16 bits that cannot overflow: 128 · 510 = 65,280.</summary>
    private const int PairsIn16Bits = 128;

    /// <summary>Writes down the offsets of the rows of a block.</summary>
    /// <param name="product">The product.</param>
    /// <param name="arena">Byte 0 of the arena.</param>
    /// <param name="inputs">For each row the arena offset of its first input.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="offsets">Receives a number for each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Fill(in Int8Product product, ref byte arena, ref int inputs, int rows, ref int offsets)
    {
        unchecked
        {
            bool vectors = Vector128.IsHardwareAccelerated && product.RowLength >= 16;
            for (int row = 0; row < rows; row++)
            {
                ref byte first = ref Unsafe.Add(ref arena, (nint)Unsafe.Add(ref inputs, row));
                Unsafe.Add(ref offsets, row) =
                    product.RowFactor * (vectors ? VectorSum(ref first, product.RowLength) : ScalarSum(ref first, product.RowLength));
            }
        }
    }

    /// <summary>Adds the offsets to the sums that tiles have left.</summary>
    /// <param name="sums">The sums, row after row.</param>
    /// <param name="columns">Sums of a row, a multiple of 4.</param>
    /// <param name="rows">The rows.</param>
    /// <param name="offsets">A number for each.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add(ref int sums, int columns, int rows, ref int offsets)
    {
        unchecked
        {
            for (int row = 0; row < rows; row++)
            {
                Vector128<int> offset = Vector128.Create(Unsafe.Add(ref offsets, row));
                for (int i = 0; i < columns; i += 4)
                {
                    ref int four = ref Unsafe.Add(ref sums, (row * columns) + i);
                    (Vector128.LoadUnsafe(ref four) + offset).StoreUnsafe(ref four);
                }
            }
        }
    }

    /// <summary>The offset of one row, without vectors.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Of(in Int8Product product, ref byte first) =>
        unchecked(product.RowFactor * ScalarSum(ref first, product.RowLength));

    /// <summary>The sum of so many inputs.</summary>
    public static int Sum(ref byte first, int length) =>
        Avx2.IsSupported && length >= 32 ? DistanceSum(ref first, length)
        : Vector128.IsHardwareAccelerated && length >= 16 ? VectorSum(ref first, length) : ScalarSum(ref first, length);

    // The distances of eight bytes each from 0, added up.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int DistanceSum(ref byte first, int length)
    {
        unchecked
        {
            Vector256<long> sums = default;
            int i = 0;
            for (; i <= length - 32; i += 32)
            {
                sums += Avx2.SumAbsoluteDifferences(Vector256.LoadUnsafe(ref Unsafe.Add(ref first, i)), Vector256<byte>.Zero).AsInt64();
            }

            return (int)Vector256.Sum(sums) + ScalarSum(ref Unsafe.Add(ref first, i), length - i);
        }
    }

    private static int ScalarSum(ref byte first, int length)
    {
        unchecked
        {
            int sum = 0;
            for (int i = 0; i < length; i++)
                sum += Unsafe.Add(ref first, i);
            return sum;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static int VectorSum(ref byte first, int length)
    {
        unchecked
        {
            Vector128<uint> sums = default;
            int i = 0;
            while (i <= length - 16)
            {
                Vector128<ushort> pairs = default;
                for (int room = PairsIn16Bits; room > 0 && i <= length - 16; room--)
                {
                    Vector128<byte> bytes = Vector128.LoadUnsafe(ref Unsafe.Add(ref first, i));
                    pairs += Vector128.WidenLower(bytes) + Vector128.WidenUpper(bytes);
                    i += 16;
                }

                sums += Vector128.WidenLower(pairs) + Vector128.WidenUpper(pairs);
            }

            return (int)Vector128.Sum(sums) + ScalarSum(ref Unsafe.Add(ref first, i), length - i);
        }
    }
}
