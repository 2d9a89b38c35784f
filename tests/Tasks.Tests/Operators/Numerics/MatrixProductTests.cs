namespace OptimizerBuild.Operators.Numerics;

/// <summary>The blocked product against one chain of fused multiply-adds for each element.</summary>
public sealed class MatrixProductTests
{
    public static TheoryData<int, int, int> Shapes => new()
    {
        { 4, 1, 3 }, { 6, 16, 7 }, { 7, 17, 5 }, { 13, 35, 300 }, { 97, 18, 33 }, { 100, 40, 257 }, { 5, 1100, 9 },
        // Few rows of many columns, and a last panel of no more than a vector's columns.
        { 16, 150, 300 }, { 7, 28, 32 }, { 64, 270, 40 }, { 20, 20, 25 }, { 12, 50, 300 }, { 3, 40, 50 },
    };

    [Theory]
    [MemberData(nameof(Shapes))]
    public void IsAChainWhateverTheStrides(int m, int n, int k)
    {
        var random = new Random(m + n + k);
        float[] Drawn(int count) => [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
        // Rows or columns side by side, with a gap behind each.
        foreach ((int aRow, int aColumn) in ((int, int)[])[(k + 2, 1), (1, m + 3)])
        {
            foreach ((int bRow, int bColumn) in ((int, int)[])[(n + 1, 1), (1, k + 5)])
            {
                float[] a = Drawn(((m - 1) * aRow) + ((k - 1) * aColumn) + 1), b = Drawn(((k - 1) * bRow) + ((n - 1) * bColumn) + 1);
                int cRow = n + 3;
                float[] c = Drawn(((m - 1) * cRow) + n), expected = (float[])c.Clone();
                for (int i = 0; i < m; i++)
                    for (int j = 0; j < n; j++)
                        for (int p = 0; p < k; p++)
                            expected[(i * cRow) + j] = MathF.FusedMultiplyAdd(
                                a[(i * aRow) + (p * aColumn)], b[(p * bRow) + (j * bColumn)], expected[(i * cRow) + j]);
                MatrixProduct.Accumulate(m, n, k, a, aRow, aColumn, b, bRow, bColumn, c, cRow);
                // Three rows times a transposed matrix are sums in lanes.
                if (m > 3 || bColumn == 1 || aColumn != 1)
                    Assert.Equal(expected, c);

                // In the place of what is there, and nowhere else.
                float[] zeros = new float[c.Length], replaced = Drawn(c.Length), between = (float[])replaced.Clone();
                MatrixProduct.Accumulate(m, n, k, a, aRow, aColumn, b, bRow, bColumn, zeros, cRow);
                MatrixProduct.Replace(m, n, k, a, aRow, aColumn, b, bRow, bColumn, replaced, cRow);
                for (int i = 0; i < c.Length; i++)
                    Assert.Equal(i % cRow < n ? zeros[i] : between[i], replaced[i]);
            }
        }
    }
}
