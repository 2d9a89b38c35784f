namespace OptimizerBuild.Kernels;

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The parameters of one block of channels as <see cref="Int8DepthwiseAvx2Tile"/> reads them: for each of its four vectors a record of
/// the multipliers for even and for odd lanes, what the sums start with, and for each set of rows and each column the weights of the
/// upper and of the lower output row; of the upper one alone where lanes hold four taps.
/// </summary>
internal static class Int8DepthwiseAvx2Table
{
    /// <summary>Where the even lanes' multipliers lie in a record.</summary>
    public const int Even = 0;

    /// <summary>Where the odd lanes' multipliers lie, moved into the even lanes.</summary>
    public const int Odd = 32;

    /// <summary>Where the first sums lie.</summary>
    public const int Start = 64;

    /// <summary>Where the taps lie.</summary>
    public const int Taps = 96;

    /// <summary>Bytes of a tap: its weights for both output rows.</summary>
    public const int TapBytes = 64;

    /// <summary>Bytes of a record.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RecordBytes(int columns, int sets) => unchecked(Taps + (columns * sets * TapBytes));

    /// <summary>Writes the four records of a block.</summary>
    /// <param name="columns">Columns of the kernel.</param>
    /// <param name="columnQuads">Quads of a column in the packed weights.</param>
    /// <param name="sets">Sets of rows: those of the kernel, or of a kernel of one row more where two output rows share them.</param>
    /// <param name="stride">Bytes of a vector in the packed parameters: 32, or 16, which are doubled.</param>
    /// <param name="weights">The block's weights.</param>
    /// <param name="bias">Its biases.</param>
    /// <param name="multipliers">Its multipliers.</param>
    /// <param name="table">Receives the records.</param>
    /// <typeparam name="TTaps">What lanes hold.</typeparam>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write<TTaps>(
        int columns, int columnQuads, int sets, int stride, ref byte weights, ref byte bias, ref byte multipliers, ref byte table)
        where TTaps : struct, IDepthwiseTaps
    {
        unchecked
        {
            Vector256<int> low = Vector256.Create(0xFFFF);
            for (int quarter = 0; quarter < 4; quarter++)
            {
                Vector256<int> multiplier = Load(ref multipliers, quarter, stride);
                multiplier.AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Even));
                Avx2.ShiftRightLogical(multiplier.AsInt64(), 32).AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Odd));
                Load(ref bias, quarter, stride).AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Start));
                for (int column = 0; column < columns; column++)
                {
                    ref byte tap = ref Unsafe.Add(ref table, Taps + (column * TapBytes));
                    Vector256<int> before = default;
                    for (int set = 0; set < sets; set++)
                    {
                        int quad = (column * columnQuads) + (TTaps.Rows == 2 ? set >> 1 : set);
                        Vector256<int> rows = Load(ref weights, (4 * quad) + quarter, stride);
                        if (TTaps.Rows == 4)
                        {
                            rows.AsByte().StoreUnsafe(ref tap);
                            tap = ref Unsafe.Add(ref tap, columns * TapBytes);
                            continue;
                        }

                        if ((set & 1) == 0)
                            rows = Vector256.ShiftLeft(rows, 16);
                        Vector256<int> first = Vector256.ShiftRightArithmetic(Vector256.ShiftLeft(rows, 8), 24);
                        Vector256<int> second = Vector256.ShiftRightArithmetic(rows, 24);
                        (Vector256.ShiftLeft(second, 16) | (first & low)).AsByte().StoreUnsafe(ref tap);
                        (Vector256.ShiftLeft(first, 16) | (before & low)).AsByte().StoreUnsafe(ref tap, 32);
                        before = second;
                        tap = ref Unsafe.Add(ref tap, columns * TapBytes);
                    }
                }

                table = ref Unsafe.Add(ref table, RecordBytes(columns, sets));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Load(ref byte parameters, int vector, int stride)
    {
        ref byte from = ref Unsafe.Add(ref parameters, unchecked(vector * stride));
        if (stride == 32)
            return Vector256.LoadUnsafe(ref from).AsInt32();
        Vector128<int> half = Vector128.LoadUnsafe(ref from).AsInt32();
        return Vector256.Create(half, half);
    }
}
