namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;
using global::System.Runtime.InteropServices;
using global::System.Runtime.Intrinsics;

/// <summary>
/// Brings a matrix of u8 values that is known only at run time into the layout of weights (docs/kernels.md, Weight layouts): panels of 16
/// columns, four rows of a column side by side, every value less 128, so that it is signed.
/// </summary>
internal static class Int8MatrixPacking
{
    private const int PanelWidth = 16;

    private const uint TopBits = 0x80808080;

    /// <summary>Additions of a signed byte to a lane of 16 bits that cannot overflow: 128 · 255 = 32,640.</summary>
    private const int QuadsIn16Bits = 255;

    /// <summary>From place 16 − n on: n bytes that keep what they are combined with, then such as make it 0.</summary>
    private static ReadOnlySpan<byte> Kept =>
    [
        255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
    ];

    /// <summary>Bytes of a packed matrix.</summary>
    /// <param name="inner">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    public static int PackedBytes(int inner, int columns) => checked(((columns + 7) & ~7) * ((inner + 3) & ~3));

    /// <summary>Packs a matrix.</summary>
    /// <param name="from">Its first element.</param>
    /// <param name="innerStride">Bytes from one of its rows to the next.</param>
    /// <param name="columnStride">Bytes from one of its columns to the next.</param>
    /// <param name="inner">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="vectors">Whether vectors may be used.</param>
    /// <param name="to">Receives <see cref="PackedBytes"/> bytes.</param>
    public static void Pack(
        ref byte from, nint innerStride, nint columnStride, int inner, int columns, bool vectors, ref byte to)
    {
        unchecked
        {
            for (int column = 0; column < columns;)
            {
                int width = columns - column > 8 ? PanelWidth : 8;
                int count = columns - column < width ? columns - column : width;
                ref byte first = ref Unsafe.Add(ref from, column * columnStride);
                if (vectors && columnStride == 1 && BlockTransposition.Side(1) == PanelWidth)
                    Rows(ref first, innerStride, inner, count, width, ref to);
                else if (innerStride == 1)
                    Columns(ref first, columnStride, inner, count, width, ref to);
                else
                    Elements(ref first, innerStride, columnStride, inner, count, width, ref to);
                to = ref Unsafe.Add(ref to, width * ((inner + 3) & ~3));
                column += width;
            }
        }
    }

    /// <summary>Adds up the columns of a packed matrix.</summary>
    /// <param name="packed">The matrix.</param>
    /// <param name="inner">Its rows.</param>
    /// <param name="columns">Its columns.</param>
    /// <param name="vectors">Whether vectors may be used.</param>
    /// <param name="sums">Receives a sum for each column.</param>
    public static void Sum(ref byte packed, int inner, int columns, bool vectors, ref int sums)
    {
        unchecked
        {
            int quads = (inner + 3) >> 2;
            for (int column = 0; column < columns;)
            {
                int width = columns - column > 8 ? PanelWidth : 8;
                int count = columns - column < width ? columns - column : width;
                for (int i = 0; i < count; i += 4)
                {
                    int left = count - i < 4 ? count - i : 4;
                    if (vectors)
                        SumFour(ref Unsafe.Add(ref packed, i * 4), width * 4, quads, left, ref Unsafe.Add(ref sums, column + i));
                    else
                        SumOnes(ref Unsafe.Add(ref packed, i * 4), width * 4, quads, left, ref Unsafe.Add(ref sums, column + i));
                }

                packed = ref Unsafe.Add(ref packed, width * quads * 4);
                column += width;
            }
        }
    }

    /// <summary>A panel of columns that lie side by side, four rows at a time; of each row a whole vector is read.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Rows(ref byte from, nint innerStride, int inner, int count, int width, ref byte to)
    {
        unchecked
        {
            Vector128<byte> top = Vector128.Create((byte)0x80);
            Vector128<byte> kept = Vector128.LoadUnsafe(ref MemoryMarshal.GetReference(Kept), (nuint)(PanelWidth - count));
            for (int left = inner; left > 0; left -= 4)
            {
                // What fills up the last quad is zero.
                Vector128<byte> row0 = (Vector128.LoadUnsafe(ref from) ^ top) & kept;
                Vector128<byte> row1 = left > 1 ? (Vector128.LoadUnsafe(ref Unsafe.Add(ref from, innerStride)) ^ top) & kept : default;
                Vector128<byte> row2 = left > 2 ? (Vector128.LoadUnsafe(ref Unsafe.Add(ref from, 2 * innerStride)) ^ top) & kept : default;
                Vector128<byte> row3 = left > 3 ? (Vector128.LoadUnsafe(ref Unsafe.Add(ref from, 3 * innerStride)) ^ top) & kept : default;
                Vector128<byte> low01 = BlockTransposition.InterleaveLow(row0, row1, 1);
                Vector128<byte> low23 = BlockTransposition.InterleaveLow(row2, row3, 1);
                BlockTransposition.InterleaveLow(low01, low23, 2).StoreUnsafe(ref to);
                BlockTransposition.InterleaveHigh(low01, low23, 2).StoreUnsafe(ref to, 16);
                if (width == PanelWidth)
                {
                    Vector128<byte> high01 = BlockTransposition.InterleaveHigh(row0, row1, 1);
                    Vector128<byte> high23 = BlockTransposition.InterleaveHigh(row2, row3, 1);
                    BlockTransposition.InterleaveLow(high01, high23, 2).StoreUnsafe(ref to, 32);
                    BlockTransposition.InterleaveHigh(high01, high23, 2).StoreUnsafe(ref to, 48);
                }

                from = ref Unsafe.Add(ref from, 4 * innerStride);
                to = ref Unsafe.Add(ref to, width * 4);
            }
        }
    }

    /// <summary>
    /// A panel of a matrix whose columns lie one after the other, as those of a transposed one do; of each column up to three bytes more
    /// are read.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Columns(ref byte from, nint columnStride, int inner, int count, int width, ref byte to)
    {
        unchecked
        {
            int quads = inner >> 2;
            int rest = inner & 3;
            uint kept = (1u << (8 * rest)) - 1;
            for (int column = 0; column < count; column++)
            {
                ref byte source = ref Unsafe.Add(ref from, column * columnStride);
                ref byte target = ref Unsafe.Add(ref to, column * 4);
                for (int k = quads; k > 0; k--)
                {
                    Unsafe.WriteUnaligned(ref target, Unsafe.ReadUnaligned<uint>(ref source) ^ TopBits);
                    source = ref Unsafe.Add(ref source, 4);
                    target = ref Unsafe.Add(ref target, width * 4);
                }

                if (rest != 0)
                    Unsafe.WriteUnaligned(ref target, (Unsafe.ReadUnaligned<uint>(ref source) ^ TopBits) & kept);
            }

            for (int column = count; column < width; column++)
                for (int k = 0; k < (inner + 3) >> 2; k++)
                    Unsafe.WriteUnaligned(ref Unsafe.Add(ref to, ((k * width) + column) * 4), 0);
        }
    }

    /// <summary>A panel of any matrix, one element after the other; what fills up quads and panel is zero.</summary>
    private static void Elements(ref byte from, nint innerStride, nint columnStride, int inner, int count, int width, ref byte to)
    {
        unchecked
        {
            for (int k = 0; k < ((inner + 3) & ~3); k++)
            {
                ref byte target = ref Unsafe.Add(ref to, ((k >> 2) * width * 4) + (k & 3));
                for (int column = 0; column < width; column++)
                    Unsafe.Add(ref target, column * 4) = k < inner && column < count
                        ? (byte)(Unsafe.Add(ref from, (k * innerStride) + (column * columnStride)) ^ 0x80) : (byte)0;
            }
        }
    }

    /// <summary>The sums of up to four columns.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumFour(ref byte packed, int step, int quads, int count, ref int sums)
    {
        unchecked
        {
            Vector128<int> first = default;
            Vector128<int> second = default;
            while (quads > 0)
            {
                Vector128<short> low = default;
                Vector128<short> high = default;
                for (int room = QuadsIn16Bits; room > 0 && quads > 0; room--, quads--)
                {
                    Vector128<sbyte> bytes = Vector128.LoadUnsafe(ref packed).AsSByte();
                    low += Vector128.WidenLower(bytes);
                    high += Vector128.WidenUpper(bytes);
                    packed = ref Unsafe.Add(ref packed, (nint)step);
                }

                // A column's four rows are two neighbouring pairs of one vector.
                first += Pairs(low);
                second += Pairs(high);
            }

            for (int i = 0; i < count; i++)
            {
                Vector128<int> half = i < 2 ? first : second;
                Unsafe.Add(ref sums, i) = half.GetElement((i & 1) * 2) + half.GetElement(((i & 1) * 2) + 1);
            }
        }
    }

    /// <summary>Neighbouring lanes added up in 32 bits.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<int> Pairs(Vector128<short> values)
    {
        Vector128<int> lanes = values.AsInt32();
        return ((lanes << 16) >> 16) + (lanes >> 16);
    }

    private static void SumOnes(ref byte packed, int step, int quads, int count, ref int sums)
    {
        unchecked
        {
            for (int i = 0; i < count; i++)
            {
                int sum = 0;
                for (int k = 0; k < quads; k++)
                {
                    ref byte four = ref Unsafe.Add(ref packed, (k * step) + (i * 4));
                    sum += (sbyte)four + (sbyte)Unsafe.Add(ref four, 1) + (sbyte)Unsafe.Add(ref four, 2) + (sbyte)Unsafe.Add(ref four, 3);
                }

                Unsafe.Add(ref sums, i) = sum;
            }
        }
    }
}
