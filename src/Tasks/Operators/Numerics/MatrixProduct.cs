using System.Buffers;
using System.Numerics;
using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>
/// Float32 matrix product C += A·B, blocked for the caches and packed as in Goto and van de Geijn, "Anatomy of High-Performance
/// Matrix Multiplication" (2008). Every element of C is one chain of fused multiply-adds with k ascending; only few rows
/// times a transposed matrix are sums of products in lanes (<see cref="LaneSums"/>). Neither depends on the width of the machine's vectors.
/// </summary>
internal static class MatrixProduct
{
    // A register tile is Rows × 2 vectors: 12 accumulators, two vectors of B and one broadcast of A fit into 16 registers.
    private const int Rows = 6;
    private const int BlockM = 96;
    private const int BlockK = 256;
    private const int BlockN = 1024;

    // Columns of B that are packed at a time.
    private const int Together = 4;

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
        if (m < 4 && (bColumn == 1 || n < 4 || (bRow == 1 && aColumn == 1)))
        {
            for (int i = 0; i < m; i++)
                Row(n, k, a[(i * aRow)..], aColumn, b, bRow, bColumn, c.Slice(i * cRow, n));
            return;
        }

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
                    PackA(a[((i * aRow) + (p * aColumn))..], aRow, aColumn, mc, kc, packedA);
                    Block(mc, nc, kc, packedA, packedB, c[((i * cRow) + j)..], cRow, columns);
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

    // Panels of so many columns side by side, row by row; columns that are not there are zeros.
    private static void PackB(ReadOnlySpan<float> b, int bRow, int bColumn, int kc, int nc, Span<float> packed, int columns)
    {
        int at = 0;
        for (int j = 0; j < nc; j += columns)
        {
            int width = Math.Min(columns, nc - j);
            Span<float> panel = packed.Slice(at, columns * kc);
            if (width < columns)
                panel.Clear();
            if (bColumn == 1)
            {
                for (int p = 0; p < kc; p++)
                    b.Slice((p * bRow) + j, width).CopyTo(panel[(p * columns)..]);
            }
            else
            {
                for (int q = 0; q < width; q += Together)
                    PackColumns(b[((j + q) * bColumn)..], bRow, bColumn, kc, Math.Min(Together, width - q), panel[q..], columns);
            }
            at += columns * kc;
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

    private static void Block(int mc, int nc, int kc, ReadOnlySpan<float> a, ReadOnlySpan<float> b, Span<float> c, int cRow, int columns)
    {
        Span<float> edge = stackalloc float[Rows * columns];
        for (int j = 0; j < nc; j += columns)
        {
            int width = Math.Min(columns, nc - j);
            ref float panelB = ref MemoryMarshal.GetReference(b.Slice(j * kc, columns * kc));
            for (int i = 0; i < mc; i += Rows)
            {
                int rows = Math.Min(Rows, mc - i);
                ref float panelA = ref MemoryMarshal.GetReference(a.Slice(i * kc, Rows * kc));
                if (rows == Rows && width == columns)
                {
                    Span<float> tile = c.Slice((i * cRow) + j, ((Rows - 1) * cRow) + columns);
                    Tile(kc, ref panelA, ref panelB, ref MemoryMarshal.GetReference(tile), cRow);
                    continue;
                }
                edge.Clear();
                for (int r = 0; r < rows; r++)
                    c.Slice(((i + r) * cRow) + j, width).CopyTo(edge[(r * columns)..]);
                Tile(kc, ref panelA, ref panelB, ref MemoryMarshal.GetReference(edge), columns);
                for (int r = 0; r < rows; r++)
                    edge.Slice(r * columns, width).CopyTo(c[(((i + r) * cRow) + j)..]);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Tile(int kc, ref float a, ref float b, ref float c, int cRow)
    {
        nuint v = (nuint)Vector<float>.Count;
        nuint step = (nuint)cRow;
        Vector<float> c00 = Vector.LoadUnsafe(ref c), c01 = Vector.LoadUnsafe(ref c, v);
        Vector<float> c10 = Vector.LoadUnsafe(ref c, step), c11 = Vector.LoadUnsafe(ref c, step + v);
        Vector<float> c20 = Vector.LoadUnsafe(ref c, 2 * step), c21 = Vector.LoadUnsafe(ref c, (2 * step) + v);
        Vector<float> c30 = Vector.LoadUnsafe(ref c, 3 * step), c31 = Vector.LoadUnsafe(ref c, (3 * step) + v);
        Vector<float> c40 = Vector.LoadUnsafe(ref c, 4 * step), c41 = Vector.LoadUnsafe(ref c, (4 * step) + v);
        Vector<float> c50 = Vector.LoadUnsafe(ref c, 5 * step), c51 = Vector.LoadUnsafe(ref c, (5 * step) + v);
        for (int p = 0; p < kc; p++)
        {
            Vector<float> b0 = Vector.LoadUnsafe(ref b), b1 = Vector.LoadUnsafe(ref b, v);
            var x = new Vector<float>(a);
            c00 = Vector.FusedMultiplyAdd(x, b0, c00);
            c01 = Vector.FusedMultiplyAdd(x, b1, c01);
            x = new Vector<float>(Unsafe.Add(ref a, 1));
            c10 = Vector.FusedMultiplyAdd(x, b0, c10);
            c11 = Vector.FusedMultiplyAdd(x, b1, c11);
            x = new Vector<float>(Unsafe.Add(ref a, 2));
            c20 = Vector.FusedMultiplyAdd(x, b0, c20);
            c21 = Vector.FusedMultiplyAdd(x, b1, c21);
            x = new Vector<float>(Unsafe.Add(ref a, 3));
            c30 = Vector.FusedMultiplyAdd(x, b0, c30);
            c31 = Vector.FusedMultiplyAdd(x, b1, c31);
            x = new Vector<float>(Unsafe.Add(ref a, 4));
            c40 = Vector.FusedMultiplyAdd(x, b0, c40);
            c41 = Vector.FusedMultiplyAdd(x, b1, c41);
            x = new Vector<float>(Unsafe.Add(ref a, 5));
            c50 = Vector.FusedMultiplyAdd(x, b0, c50);
            c51 = Vector.FusedMultiplyAdd(x, b1, c51);
            a = ref Unsafe.Add(ref a, Rows);
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
}
