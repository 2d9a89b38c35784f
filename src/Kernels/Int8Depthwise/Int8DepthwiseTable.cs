namespace OptimizerBuild.Kernels;

#if NET9_0_OR_GREATER

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The parameters of one block of channels as <see cref="Int8DepthwisePlaneTile"/> reads them: for each of its four vectors a record of
/// lines of 64 bytes, which hold the multipliers for even and odd lanes, what the sums start with, and for each tap the weights of the
/// upper and of the lower output row beside one another. In records for vectors of 64 bytes (<c>Int8DepthwisePlaneTile512</c>) each of
/// these has a line of its own, whose halves are written one at a time.
/// </summary>
/// <remarks>
/// <para>A kernel of three rows has a tap for each column: the quad of input rows 0 to 3 holds the upper row's three and, one byte up, the
/// lower row's.</para>
/// <para>
/// One of five rows has a tap for each column, too: the four input rows that both output rows need, which are rows 1 to 4 of the upper one
/// and rows 0 to 3 of the lower one. What is left is the upper one's first row and the lower one's last, which share quads of two columns.
/// So 25 products take eight quads instead of ten, and a pair of output rows two sets of quads.
/// </para>
/// </remarks>
internal static class Int8DepthwiseTable
{
    /// <summary>Bytes of half a line.</summary>
    private const int Half = 32;

    /// <summary>Where the even lanes' multipliers lie in a record, in both halves of the line.</summary>
    public const int Even = 0;

    /// <summary>Where the odd lanes' multipliers lie, in both halves of the line and moved into the even lanes.</summary>
    public const int Odd = 64;

    /// <summary>Where the first sums lie.</summary>
    public const int Start = 128;

    /// <summary>Where the taps lie.</summary>
    public const int Taps = 192;

    /// <summary>Bytes of a record.</summary>
    /// <param name="columns">Columns and rows of the kernel: 3 or 5.</param>
    /// <param name="vector">Bytes of a vector of sums: 32 or 64.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RecordBytes(int columns, int vector) => unchecked(Taps + ((columns == 5 ? 8 : 3) * 2 * vector));

    /// <summary>Writes the four records of a block, or one half of their lines.</summary>
    /// <param name="columns">Columns and rows of the kernel: 3 or 5.</param>
    /// <param name="vector">Bytes of a vector of sums: 32, or 64, of which this writes one half.</param>
    /// <param name="stride">Bytes of a vector in the packed parameters: 32, or 16, which are doubled.</param>
    /// <param name="weights">The block's weights.</param>
    /// <param name="bias">Its biases.</param>
    /// <param name="multipliers">Its multipliers.</param>
    /// <param name="table">Receives the records; of half lines, the place of the first one's half.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(
        int columns, int vector, int stride, ref byte weights, ref byte bias, ref byte multipliers, ref byte table)
    {
        unchecked
        {
            for (int quarter = 0; quarter < 4; quarter++)
            {
                Vector256<int> multiplier = Load(ref multipliers, quarter, stride);
                Vector256<long> odd = Avx2.ShiftRightLogical(multiplier.AsInt64(), 32);
                multiplier.AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Even));
                odd.AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Odd));
                if (vector == Half)
                {
                    multiplier.AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Even + Half));
                    odd.AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Odd + Half));
                }

                Load(ref bias, quarter, stride).AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Start));
                ref byte taps = ref Unsafe.Add(ref table, Taps);
                if (columns == 3)
                    Three(quarter, vector, stride, ref weights, ref taps);
                else
                    Five(quarter, vector, stride, ref weights, ref taps);
                table = ref Unsafe.Add(ref table, RecordBytes(columns, vector));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Three(int quarter, int vector, int stride, ref byte weights, ref byte taps)
    {
        unchecked
        {
            for (int column = 0; column < 3; column++)
            {
                Vector256<int> rows = Load(ref weights, (4 * column) + quarter, stride);
                Tap(rows, Vector256.ShiftLeft(rows, 8), ref Unsafe.Add(ref taps, column * 2 * vector), vector);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Five(int quarter, int vector, int stride, ref byte weights, ref byte taps)
    {
        unchecked
        {
            Vector256<int> one = Vector256.Create(0xFF);
            ref byte pairs = ref Unsafe.Add(ref taps, 5 * 2 * vector);
            Vector256<int> first = default;
            Vector256<int> last = default;
            for (int column = 0; column < 5; column++)
            {
                Vector256<int> rows = Load(ref weights, (8 * column) + quarter, stride);
                Vector256<int> fifth = Load(ref weights, (8 * column) + 4 + quarter, stride);
                Tap(
                    Vector256.ShiftRightLogical(rows, 8) | Vector256.ShiftLeft(fifth, 24), rows,
                    ref Unsafe.Add(ref taps, column * 2 * vector), vector);
                int shift = (column & 1) * 16;
                first |= Vector256.ShiftLeft(rows & one, shift);
                last |= Vector256.ShiftLeft(fifth & one, shift + 8);
                if ((column & 1) == 1 || column == 4)
                {
                    Tap(first, last, ref pairs, vector);
                    pairs = ref Unsafe.Add(ref pairs, 2 * vector);
                    first = default;
                    last = default;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tap(Vector256<int> upper, Vector256<int> lower, ref byte tap, int distance)
    {
        upper.AsByte().StoreUnsafe(ref tap);
        lower.AsByte().StoreUnsafe(ref Unsafe.Add(ref tap, distance));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<int> Load(ref byte parameters, int quarter, int stride)
    {
        ref byte from = ref Unsafe.Add(ref parameters, unchecked(quarter * stride));
        if (stride == 32)
            return Vector256.LoadUnsafe(ref from).AsInt32();
        Vector128<int> half = Vector128.LoadUnsafe(ref from).AsInt32();
        return Vector256.Create(half, half);
    }
}

#endif
