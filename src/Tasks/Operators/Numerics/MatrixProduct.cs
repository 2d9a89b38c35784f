using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>
/// Float32 matrix product C += A·B, blocked for the caches as in Goto and van de Geijn, "Anatomy of High-Performance Matrix
/// Multiplication" (2008). B is packed; A is read where it lies if its rows are adjacent elements, since a broadcast takes any address.
/// Few rows of many columns are multiplied as the transposed product, so that the large matrix is the one that is not packed. Every
/// element of C is one chain of fused multiply-adds with k ascending; only fewer than four rows times a transposed matrix are sums of
/// products in lanes (<see cref="LaneSums"/>). Neither depends on the width of the machine's vectors.
/// </summary>
internal static class MatrixProduct
{
    // A register tile is Rows × 2 vectors: 12 accumulators, two vectors of B and one broadcast of A fit into 16 registers.
    private const int Rows = 6;
    private const int BlockM = 96;
    private const int BlockK = 256;
    private const int BlockN = 512;

    // Columns of B that are packed at a time.
    private const int Together = 4;

    // Rows up to which the transposed product is tried, how many times as many columns there have to be, and the fewest terms that are
    // worth turning C twice.
    private const int FewRows = 64;
    private const int ManyTimes = 4;
    private const int TermsToTurn = 32;

    private static int Columns => 2 * Vector<float>.Count;

    /// <summary>Computes C += A·B.</summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A and rows of B.</param>
    /// <param name="a">A.</param>
    /// <param name="aRow">Distance of A's rows in elements.</param>
    /// <param name="aColumn">Distance of A's columns in elements.</param>
    /// <param name="b">B.</param>
    /// <param name="bRow">Distance of B's rows in elements.</param>
    /// <param name="bColumn">Distance of B's columns in elements.</param>
    /// <param name="c">C, whose columns are adjacent.</param>
    /// <param name="cRow">Distance of C's rows in elements.</param>
    public static void Accumulate(
        int m, int n, int k, ReadOnlySpan<float> a, int aRow, int aColumn, ReadOnlySpan<float> b, int bRow, int bColumn, Span<float> c,
            int cRow)
    {
        if (m == 0 || n == 0 || k == 0)
            return;
        if (IsByRows(m, n, aColumn, bRow, bColumn))
        {
            for (int i = 0; i < m; i++)
                Row(n, k, a[(i * aRow)..], aColumn, b, bRow, bColumn, c.Slice(i * cRow, n));
            return;
        }
        Run(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, fresh: false);
    }

    /// <summary>Computes C = A·B: what <see cref="Accumulate"/> adds to zeros, without reading C.</summary>
    /// <param name="m">Rows of A and C.</param>
    /// <param name="n">Columns of B and C.</param>
    /// <param name="k">Columns of A and rows of B.</param>
    /// <param name="a">A.</param>
    /// <param name="aRow">Distance of A's rows in elements.</param>
    /// <param name="aColumn">Distance of A's columns in elements.</param>
    /// <param name="b">B.</param>
    /// <param name="bRow">Distance of B's rows in elements.</param>
    /// <param name="bColumn">Distance of B's columns in elements.</param>
    /// <param name="c">C, whose columns are adjacent.</param>
    /// <param name="cRow">Distance of C's rows in elements.</param>
    public static void Replace(
        int m, int n, int k, ReadOnlySpan<float> a, int aRow, int aColumn, ReadOnlySpan<float> b, int bRow, int bColumn, Span<float> c,
            int cRow)
    {
        if (k > 0 && m > 0 && n > 0 && !IsByRows(m, n, aColumn, bRow, bColumn))
        {
            Run(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, fresh: true);
            return;
        }
        for (int i = 0; i < m; i++)
            c.Slice(i * cRow, n).Clear();
        Accumulate(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow);
    }

    private static bool IsByRows(int m, int n, int aColumn, int bRow, int bColumn) =>
        m < 4 && (bColumn == 1 || n < 4 || (bRow == 1 && aColumn == 1));

    private static void Run(
        int m, int n, int k, ReadOnlySpan<float> a, int aRow, int aColumn, ReadOnlySpan<float> b, int bRow, int bColumn, Span<float> c,
            int cRow, bool fresh)
    {
        if (m > FewRows || n < ManyTimes * m || k < TermsToTurn)
        {
            Blocks(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow, fresh);
            return;
        }
        float[] turned = ArrayPool<float>.Shared.Rent(n * m);
        if (!fresh)
            for (int i = 0; i < m; i++)
                for (int j = 0; j < n; j++)
                    turned[(j * m) + i] = c[(i * cRow) + j];
        Blocks(n, m, k, b, bColumn, bRow, a, aColumn, aRow, turned, m, fresh);
        for (int i = 0; i < m; i++)
        {
            Span<float> row = c.Slice(i * cRow, n);
            for (int j = 0; j < row.Length; j++)
                row[j] = turned[(j * m) + i];
        }
        ArrayPool<float>.Shared.Return(turned);
    }

    private static void Blocks(
        int m, int n, int k, ReadOnlySpan<float> a, int aRow, int aColumn, ReadOnlySpan<float> b, int bRow, int bColumn, Span<float> c,
            int cRow, bool fresh)
    {
        int columns = Columns;
        int kBlock = Math.Min(k, BlockK);
        int nBlock = Math.Min((n + columns - 1) / columns * columns, BlockN);
        int mBlock = Math.Min((m + Rows - 1) / Rows * Rows, BlockM);
        float[] packedA = ArrayPool<float>.Shared.Rent(mBlock * kBlock);
        float[] packedB = ArrayPool<float>.Shared.Rent(nBlock * kBlock);
        for (int j = 0; j < n; j += nBlock)
        {
            int nc = Math.Min(nBlock, n - j);
            for (int p = 0; p < k; p += kBlock)
            {
                int kc = Math.Min(kBlock, k - p);
                PackB(b[((p * bRow) + (j * bColumn))..], bRow, bColumn, kc, nc, packedB, columns);
                for (int i = 0; i < m; i += mBlock)
                {
                    int mc = Math.Min(mBlock, m - i);
                    ReadOnlySpan<float> rows = a[((i * aRow) + (p * aColumn))..];
                    // Whole groups of rows that lie side by side need no packing.
                    int direct = aColumn == 1 ? mc / Rows * Rows : 0;
                    if (direct < mc)
                        PackA(rows[(direct * aRow)..], aRow, aColumn, mc - direct, kc, packedA);
                    Block(direct, mc, nc, kc, rows, aRow, packedA, packedB, c[((i * cRow) + j)..], cRow, columns, fresh && p == 0);
                }
            }
        }
        ArrayPool<float>.Shared.Return(packedA);
        ArrayPool<float>.Shared.Return(packedB);
    }

    // One row of C: for a few rows packing would cost more than it saves.
    private static void Row(int n, int k, ReadOnlySpan<float> a, int aColumn, ReadOnlySpan<float> b, int bRow, int bColumn, Span<float> c)
    {
        if (bColumn == 1)
        {
            for (int p = 0; p < k; p++)
                TensorPrimitives.FusedMultiplyAdd(b.Slice(p * bRow, n), a[p * aColumn], c, c);
            return;
        }
        for (int j = 0; j < n; j++)
        {
            if (aColumn == 1 && bRow == 1)
            {
                c[j] += LaneSums.Dot(a[..k], b.Slice(j * bColumn, k));
                continue;
            }
            float sum = c[j];
            for (int p = 0; p < k; p++)
                sum = MathF.FusedMultiplyAdd(a[p * aColumn], b[(p * bRow) + (j * bColumn)], sum);
            c[j] = sum;
        }
    }

    // Six rows side by side, element by element; rows that are not there are zeros. Lengths are checked here, not in the loops.
    private static void PackA(ReadOnlySpan<float> a, int aRow, int aColumn, int mc, int kc, Span<float> packed)
    {
        _ = a[((mc - 1) * aRow) + ((kc - 1) * aColumn)];
        _ = packed[((mc + Rows - 1) / Rows * Rows * kc) - 1];
        ref float from = ref MemoryMarshal.GetReference(a), to = ref MemoryMarshal.GetReference(packed);
        nint row = aRow, column = aColumn;
        for (int i = 0; i < mc; i += Rows)
        {
            if (mc - i >= Rows && aRow == 1)
            {
                // Four elements and two at a time.
                ref float x = ref Unsafe.Add(ref from, i);
                for (int p = 0; p < kc; p++, x = ref Unsafe.Add(ref x, column), to = ref Unsafe.Add(ref to, Rows))
                {
                    Vector128.LoadUnsafe(ref x).StoreUnsafe(ref to);
                    Vector64.LoadUnsafe(ref x, 4).StoreUnsafe(ref to, 4);
                }
                continue;
            }
            if (mc - i >= Rows)
            {
                for (int p = 0; p < kc; p++)
                {
                    ref float x = ref Unsafe.Add(ref from, (i * row) + (p * column));
                    to = x;
                    Unsafe.Add(ref to, 1) = Unsafe.Add(ref x, row);
                    Unsafe.Add(ref to, 2) = Unsafe.Add(ref x, 2 * row);
                    Unsafe.Add(ref to, 3) = Unsafe.Add(ref x, 3 * row);
                    Unsafe.Add(ref to, 4) = Unsafe.Add(ref x, 4 * row);
                    Unsafe.Add(ref to, 5) = Unsafe.Add(ref x, 5 * row);
                    to = ref Unsafe.Add(ref to, Rows);
                }
                continue;
            }
            for (int p = 0; p < kc; p++, to = ref Unsafe.Add(ref to, Rows))
                for (int r = 0; r < Rows; r++)
                    Unsafe.Add(ref to, r) = i + r < mc ? Unsafe.Add(ref from, ((i + r) * row) + (p * column)) : 0;
        }
    }

    // Panels of so many columns side by side, row by row; columns that are not there are zeros. A last panel of no more columns than a
    // vector has is one vector wide.
    private static void PackB(ReadOnlySpan<float> b, int bRow, int bColumn, int kc, int nc, Span<float> packed, int columns)
    {
        int at = 0;
        for (int j = 0; j < nc; j += columns)
        {
            int width = Math.Min(columns, nc - j), panelWidth = PanelWidth(width, columns);
            Span<float> panel = packed.Slice(at, panelWidth * kc);
            if (width < panelWidth)
                panel.Clear();
            if (bColumn == 1 && width == columns)
            {
                PackRows(b[j..], bRow, kc, panel);
            }
            else if (bColumn == 1)
            {
                Move(kc, width, b[j..], bRow, panel, panelWidth);
            }
            else
            {
                for (int q = 0; q < width; q += Together)
                    PackColumns(b[((j + q) * bColumn)..], bRow, bColumn, kc, Math.Min(Together, width - q), panel[q..], panelWidth);
            }
            at += panelWidth * kc;
        }
    }

    private static int PanelWidth(int width, int columns) => width > columns / 2 ? columns : columns / 2;

    // Whole rows of a panel.
    private static void PackRows(ReadOnlySpan<float> b, int bRow, int kc, Span<float> panel)
    {
        nuint v = (nuint)Vector<float>.Count;
        _ = b[((kc - 1) * bRow) + (2 * Vector<float>.Count) - 1];
        _ = panel[(kc * 2 * Vector<float>.Count) - 1];
        ref float x = ref MemoryMarshal.GetReference(b), to = ref MemoryMarshal.GetReference(panel);
        nint row = bRow;
        for (int p = 0; p < kc; p++, x = ref Unsafe.Add(ref x, row), to = ref Unsafe.Add(ref to, 2 * v))
        {
            Vector.LoadUnsafe(ref x).StoreUnsafe(ref to);
            Vector.LoadUnsafe(ref x, v).StoreUnsafe(ref to, v);
        }
    }

    // Some columns at a time, so that what is written lies together.
    private static void PackColumns(ReadOnlySpan<float> b, int bRow, int bColumn, int kc, int count, Span<float> panel, int columns)
    {
        _ = b[((count - 1) * bColumn) + ((kc - 1) * bRow)];
        _ = panel[((kc - 1) * columns) + count - 1];
        ref float from = ref MemoryMarshal.GetReference(b), start = ref MemoryMarshal.GetReference(panel);
        nint row = bRow, column = bColumn, step = columns;
        for (int p = 0; p < kc; p++)
        {
            ref float x = ref Unsafe.Add(ref from, p * row), to = ref Unsafe.Add(ref start, p * step);
            if (count == Together)
            {
                to = x;
                Unsafe.Add(ref to, 1) = Unsafe.Add(ref x, column);
                Unsafe.Add(ref to, 2) = Unsafe.Add(ref x, 2 * column);
                Unsafe.Add(ref to, 3) = Unsafe.Add(ref x, 3 * column);
            }
            else
            {
                for (int q = 0; q < count; q++)
                    Unsafe.Add(ref to, q) = Unsafe.Add(ref x, q * column);
            }
        }
    }

    // The first so many rows are read where they lie, those behind them as they are packed.
    private static void Block(int direct, int mc, int nc, int kc, ReadOnlySpan<float> a, int aRow, ReadOnlySpan<float> packedA,
        ReadOnlySpan<float> b, Span<float> c, int cRow, int columns, bool fresh)
    {
        Span<float> edge = stackalloc float[Rows * columns];
        for (int j = 0; j < nc; j += columns)
        {
            int width = Math.Min(columns, nc - j), panelWidth = PanelWidth(width, columns);
            ref float panelB = ref MemoryMarshal.GetReference(b.Slice(j * kc, panelWidth * kc));
            for (int i = 0; i < mc; i += Rows)
            {
                int rows = Math.Min(Rows, mc - i);
                ReadOnlySpan<float> ofA = i < direct
                    ? a.Slice(i * aRow, ((Rows - 1) * aRow) + kc) : packedA.Slice((i - direct) * kc, Rows * kc);
                ref float tileA = ref MemoryMarshal.GetReference(ofA);
                (int rowOfA, int stepOfA) = i < direct ? (aRow, 1) : (1, Rows);
                if (rows == Rows && width == panelWidth)
                {
                    Span<float> tile = c.Slice((i * cRow) + j, ((Rows - 1) * cRow) + width);
                    Multiply(ref tileA, rowOfA, stepOfA, ref panelB, ref MemoryMarshal.GetReference(tile), cRow);
                    continue;
                }
                if (!fresh)
                    Move(rows, width, c[((i * cRow) + j)..], cRow, edge, panelWidth);
                Multiply(ref tileA, rowOfA, stepOfA, ref panelB, ref MemoryMarshal.GetReference(edge), panelWidth);
                Move(rows, width, edge, panelWidth, c[((i * cRow) + j)..], cRow);
            }

            void Multiply(ref float tileA, int rowOfA, int stepOfA, ref float panel, ref float tile, int row)
            {
                if (panelWidth == columns)
                    Tile(kc, ref tileA, rowOfA, stepOfA, ref panel, ref tile, row, fresh);
                else
                    NarrowTile(kc, ref tileA, rowOfA, stepOfA, ref panel, ref tile, row, fresh);
            }
        }
    }

    // Short rows: a call for each would take longer.
    private static void Move(int rows, int width, ReadOnlySpan<float> from, int fromRow, Span<float> to, int toRow)
    {
        _ = from[((rows - 1) * fromRow) + width - 1];
        _ = to[((rows - 1) * toRow) + width - 1];
        ref float x = ref MemoryMarshal.GetReference(from), y = ref MemoryMarshal.GetReference(to);
        for (int r = 0; r < rows; r++, x = ref Unsafe.Add(ref x, fromRow), y = ref Unsafe.Add(ref y, toRow))
        {
            int e = 0;
            for (; e <= width - Vector128<float>.Count; e += Vector128<float>.Count)
                Vector128.LoadUnsafe(ref x, (nuint)e).StoreUnsafe(ref y, (nuint)e);
            for (; e < width; e++)
                Unsafe.Add(ref y, e) = Unsafe.Add(ref x, e);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(int kc, ref float a, nint aRow, nint aStep, ref float b, ref float c, int cRow, bool fresh)
    {
        nuint v = (nuint)Vector<float>.Count;
        nuint step = (nuint)cRow;
        Vector<float> c00 = default, c01 = default, c10 = default, c11 = default, c20 = default, c21 = default;
        Vector<float> c30 = default, c31 = default, c40 = default, c41 = default, c50 = default, c51 = default;
        if (!fresh)
        {
            (c00, c01) = (Vector.LoadUnsafe(ref c), Vector.LoadUnsafe(ref c, v));
            (c10, c11) = (Vector.LoadUnsafe(ref c, step), Vector.LoadUnsafe(ref c, step + v));
            (c20, c21) = (Vector.LoadUnsafe(ref c, 2 * step), Vector.LoadUnsafe(ref c, (2 * step) + v));
            (c30, c31) = (Vector.LoadUnsafe(ref c, 3 * step), Vector.LoadUnsafe(ref c, (3 * step) + v));
            (c40, c41) = (Vector.LoadUnsafe(ref c, 4 * step), Vector.LoadUnsafe(ref c, (4 * step) + v));
            (c50, c51) = (Vector.LoadUnsafe(ref c, 5 * step), Vector.LoadUnsafe(ref c, (5 * step) + v));
        }
        // The last three rows are found from the fourth one, so that three distances are enough.
        ref float last = ref Unsafe.Add(ref a, 3 * aRow);
        nint two = 2 * aRow;
        for (int p = 0; p < kc; p++)
        {
            Vector<float> b0 = Vector.LoadUnsafe(ref b), b1 = Vector.LoadUnsafe(ref b, v);
            var x = new Vector<float>(a);
            c00 = Vector.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector.FusedMultiplyAdd(x, b1, c01);
            x = new Vector<float>(Unsafe.Add(ref a, aRow));
            c10 = Vector.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector.FusedMultiplyAdd(x, b1, c11);
            x = new Vector<float>(Unsafe.Add(ref a, two));
            c20 = Vector.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector.FusedMultiplyAdd(x, b1, c21);
            x = new Vector<float>(last);
            c30 = Vector.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector.FusedMultiplyAdd(x, b1, c31);
            x = new Vector<float>(Unsafe.Add(ref last, aRow));
            c40 = Vector.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector.FusedMultiplyAdd(x, b1, c41);
            x = new Vector<float>(Unsafe.Add(ref last, two));
            c50 = Vector.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector.FusedMultiplyAdd(x, b1, c51);
            a = ref Unsafe.Add(ref a, aStep);
            last = ref Unsafe.Add(ref last, aStep);
            b = ref Unsafe.Add(ref b, (nint)(2 * v));
        }
        c00.StoreUnsafe(ref c);
        c01.StoreUnsafe(ref c, v);
        c10.StoreUnsafe(ref c, step);
        c11.StoreUnsafe(ref c, step + v);
        c20.StoreUnsafe(ref c, 2 * step);
        c21.StoreUnsafe(ref c, (2 * step) + v);
        c30.StoreUnsafe(ref c, 3 * step);
        c31.StoreUnsafe(ref c, (3 * step) + v);
        c40.StoreUnsafe(ref c, 4 * step);
        c41.StoreUnsafe(ref c, (4 * step) + v);
        c50.StoreUnsafe(ref c, 5 * step);
        c51.StoreUnsafe(ref c, (5 * step) + v);
    }

    // One vector wide.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void NarrowTile(int kc, ref float a, nint aRow, nint aStep, ref float b, ref float c, int cRow, bool fresh)
    {
        nuint step = (nuint)cRow;
        Vector<float> c0 = default, c1 = default, c2 = default, c3 = default, c4 = default, c5 = default;
        if (!fresh)
        {
            (c0, c1, c2) = (Vector.LoadUnsafe(ref c), Vector.LoadUnsafe(ref c, step), Vector.LoadUnsafe(ref c, 2 * step));
            (c3, c4) = (Vector.LoadUnsafe(ref c, 3 * step), Vector.LoadUnsafe(ref c, 4 * step));
            c5 = Vector.LoadUnsafe(ref c, 5 * step);
        }
        ref float last = ref Unsafe.Add(ref a, 3 * aRow);
        nint two = 2 * aRow;
        for (int p = 0; p < kc; p++)
        {
            Vector<float> b0 = Vector.LoadUnsafe(ref b);
            c0 = Vector.FusedMultiplyAdd(new Vector<float>(a), b0, c0);
            c1 = Vector.FusedMultiplyAdd(new Vector<float>(Unsafe.Add(ref a, aRow)), b0, c1);
            c2 = Vector.FusedMultiplyAdd(new Vector<float>(Unsafe.Add(ref a, two)), b0, c2);
            c3 = Vector.FusedMultiplyAdd(new Vector<float>(last), b0, c3);
            c4 = Vector.FusedMultiplyAdd(new Vector<float>(Unsafe.Add(ref last, aRow)), b0, c4);
            c5 = Vector.FusedMultiplyAdd(new Vector<float>(Unsafe.Add(ref last, two)), b0, c5);
            a = ref Unsafe.Add(ref a, aStep);
            last = ref Unsafe.Add(ref last, aStep);
            b = ref Unsafe.Add(ref b, (nint)Vector<float>.Count);
        }
        c0.StoreUnsafe(ref c);
        c1.StoreUnsafe(ref c, step);
        c2.StoreUnsafe(ref c, 2 * step);
        c3.StoreUnsafe(ref c, 3 * step);
        c4.StoreUnsafe(ref c, 4 * step);
        c5.StoreUnsafe(ref c, 5 * step);
    }
}
