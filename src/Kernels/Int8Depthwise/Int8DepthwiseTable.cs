namespace OptimizerBuild.Kernels;

#if NET9_0_OR_GREATER

using global::System.Runtime.CompilerServices;
using global::System.Runtime.Intrinsics;
using global::System.Runtime.Intrinsics.X86;

/// <summary>
/// The parameters of one block of channels as <see cref="Int8DepthwisePlaneTile"/> reads them: for each of its four vectors a record of
/// 64-byte lines, which hold the multipliers for even and odd lanes, what the sums start with, and for each tap the weights of the upper
/// and of the lower output row beside one another.
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
    /// <summary>Bytes of a line.</summary>
    public const int Line = 64;

    /// <summary>Where the even lanes' multipliers lie in a record, in both halves of the line.</summary>
    public const int Even = 0;

    /// <summary>Where the odd lanes' multipliers lie, in both halves of the line and moved into the even lanes.</summary>
    public const int Odd = 64;

    /// <summary>Where the first sums lie.</summary>
    public const int Start = 128;

    /// <summary>Where the taps lie.</summary>
    public const int Taps = 192;

    /// <summary>Bytes of a record.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int RecordBytes(int columns) => unchecked(Taps + ((columns == 5 ? 8 : 3) * Line));

    /// <summary>Writes the four records of a block.</summary>
    /// <param name="columns">Columns and rows of the kernel: 3 or 5.</param>
    /// <param name="stride">Bytes of a vector in the packed parameters: 32, or 16, which are doubled.</param>
    /// <param name="weights">The block's weights.</param>
    /// <param name="bias">Its biases.</param>
    /// <param name="multipliers">Its multipliers.</param>
    /// <param name="table">Receives the records.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Write(int columns, int stride, ref byte weights, ref byte bias, ref byte multipliers, ref byte table)
    {
        unchecked
        {
            for (int vector = 0; vector < 4; vector++)
            {
                Vector256<int> multiplier = Load(ref multipliers, vector, stride);
                Vector512<int> both = multiplier.ToVector512Unsafe().WithUpper(multiplier);
                both.AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Even));
                Avx512F.ShiftRightLogical(both.AsInt64(), 32).AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Odd));
                Load(ref bias, vector, stride).AsByte().StoreUnsafe(ref Unsafe.Add(ref table, Start));
                ref byte taps = ref Unsafe.Add(ref table, Taps);
                if (columns == 3)
                    Three(vector, stride, ref weights, ref taps);
                else
                    Five(vector, stride, ref weights, ref taps);
                table = ref Unsafe.Add(ref table, RecordBytes(columns));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Three(int vector, int stride, ref byte weights, ref byte taps)
    {
        unchecked
        {
            for (int column = 0; column < 3; column++)
            {
                Vector256<int> rows = Load(ref weights, (4 * column) + vector, stride);
                Tap(rows, Vector256.ShiftLeft(rows, 8), ref Unsafe.Add(ref taps, column * Line));
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Five(int vector, int stride, ref byte weights, ref byte taps)
    {
        unchecked
        {
            Vector256<int> one = Vector256.Create(0xFF);
            ref byte pairs = ref Unsafe.Add(ref taps, 5 * Line);
            Vector256<int> first = default;
            Vector256<int> last = default;
            for (int column = 0; column < 5; column++)
            {
                Vector256<int> rows = Load(ref weights, (8 * column) + vector, stride);
                Vector256<int> fifth = Load(ref weights, (8 * column) + 4 + vector, stride);
                Tap(
                    Vector256.ShiftRightLogical(rows, 8) | Vector256.ShiftLeft(fifth, 24), rows, ref Unsafe.Add(ref taps, column * Line));
                int shift = (column & 1) * 16;
                first |= Vector256.ShiftLeft(rows & one, shift);
                last |= Vector256.ShiftLeft(fifth & one, shift + 8);
                if ((column & 1) == 1 || column == 4)
                {
                    Tap(first, last, ref pairs);
                    pairs = ref Unsafe.Add(ref pairs, Line);
                    first = default;
                    last = default;
                }
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Tap(Vector256<int> upper, Vector256<int> lower, ref byte tap)
    {
        upper.AsByte().StoreUnsafe(ref tap);
        lower.AsByte().StoreUnsafe(ref tap, 32);
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

#endif
