namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The parameters of one block of channels as <see cref="Int8DepthwiseColumnTile"/> reads them: for each of its four vectors of sums a
/// record of lines of 64 bytes, which hold the multipliers for even and for odd lanes, what the sums start with, and for each column the
/// weights of the upper output row and those of the lower one, which are the same one row further down.
/// </summary>
internal static class Int8DepthwiseColumnTable
{
    /// <summary>Where the even lanes' multipliers lie in a record.</summary>
    public const int Even = 0;

    /// <summary>Where the odd lanes' multipliers lie, moved into the even lanes.</summary>
    public const int Odd = 64;

    /// <summary>Where the first sums lie.</summary>
    public const int Start = 128;

    /// <summary>Where the taps lie.</summary>
    public const int Taps = 192;

    /// <summary>Where, behind the records, the least output lies, as often as a vector has bytes.</summary>
    public const int Minimum = 0;

    /// <summary>Where the greatest output lies.</summary>
    public const int Maximum = 64;

    /// <summary>Where the requantisation's addend lies, as often as a vector has lanes.</summary>
    public const int Addend = 128;

    /// <summary>Where its shift lies.</summary>
    public const int Shift = 192;

    /// <summary>Bytes of what lies behind the records.</summary>
    private const int EndBytes = 256;

    /// <summary>Columns of the kernel.</summary>
    private const int Columns = 3;

    /// <summary>Bytes of the whole table.</summary>
    /// <param name="tapBytes">Bytes of the weights of a column (<see cref="IDepthwiseColumns.TapBytes"/>).</param>
    public static int Bytes(int tapBytes) => unchecked((4 * RecordBytes(tapBytes)) + EndBytes);

    /// <summary>Writes what lies behind the records, which all blocks of channels share.</summary>
    public static void WriteEnd(in Requantization requantization, ref byte end)
    {
        Vector512.Create(unchecked((byte)requantization.Minimum)).StoreUnsafe(ref end, Minimum);
        Vector512.Create(unchecked((byte)requantization.Maximum)).StoreUnsafe(ref end, Maximum);
        Vector512.Create(requantization.Addend).AsByte().StoreUnsafe(ref end, Addend);
        Vector512.Create(requantization.UpperShift).AsByte().StoreUnsafe(ref end, Shift);
    }

    /// <summary>Bytes of a record.</summary>
    /// <param name="tapBytes">Bytes of the weights of a column (<see cref="IDepthwiseColumns.TapBytes"/>).</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RecordBytes(int tapBytes) => unchecked(Taps + (Columns * 2 * tapBytes));

    /// <summary>Writes the four records of a block.</summary>
    /// <param name="size">Channels of the block: 64, 32 or 16; fewer than 64 are repeated.</param>
    /// <param name="weights">The block's weights.</param>
    /// <param name="bias">Its biases.</param>
    /// <param name="multipliers">Its multipliers.</param>
    /// <param name="table">Receives the records.</param>
    /// <typeparam name="TColumns">How weights are laid out.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write<TColumns>(int size, ref byte weights, ref byte bias, ref byte multipliers, ref byte table)
        where TColumns : struct, IDepthwiseColumns
    {
        unchecked
        {
            for (int quarter = 0; quarter < 4; quarter++)
            {
                Vector512<int> multiplier = Load(ref multipliers, size, quarter, 1);
                multiplier.AsByte().StoreUnsafe(ref table, Even);
                Avx512F.ShiftRightLogical(multiplier.AsInt64(), 32).AsByte().StoreUnsafe(ref table, Odd);
                Load(ref bias, size, quarter, 1).AsByte().StoreUnsafe(ref table, Start);
                ref byte tap = ref Unsafe.Add(ref table, Taps);
                for (int column = 0; column < Columns; column++)
                {
                    Vector512<int> rows = Load(ref weights, size, (4 * column) + quarter, Columns);
                    TColumns.Weights(rows, ref tap);
                    tap = ref Unsafe.Add(ref tap, TColumns.TapBytes);
                    TColumns.Weights(Avx512F.ShiftLeftLogical(rows, 8), ref tap);
                    tap = ref Unsafe.Add(ref tap, TColumns.TapBytes);
                }

                table = ref Unsafe.Add(ref table, RecordBytes(TColumns.TapBytes));
            }
        }
    }

    /// <summary>
    /// One vector of packed parameters (<see cref="Int8DepthwiseLayout"/>): of two blocks of 32, or of a smaller one repeated.
    /// </summary>
    /// <param name="parameters">The first block's.</param>
    /// <param name="size">Channels.</param>
    /// <param name="vector">Which of a block's vectors.</param>
    /// <param name="quads">Values of four bytes that a channel has.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<int> Load(ref byte parameters, int size, int vector, int quads)
    {
        unchecked
        {
            if (size == 16)
            {
                Vector128<byte> lanes = Vector128.LoadUnsafe(ref Unsafe.Add(ref parameters, vector * 16));
                return Vector512.Create(Vector256.Create(lanes, lanes), Vector256.Create(lanes, lanes)).AsInt32();
            }

            ref byte from = ref Unsafe.Add(ref parameters, vector * 32);
            ref byte second = ref Unsafe.Add(ref from, size == 32 ? 0 : Int8DepthwiseLayout.Block * 4 * quads);
            return Vector512.Create(Vector256.LoadUnsafe(ref from), Vector256.LoadUnsafe(ref second)).AsInt32();
        }
    }
}
