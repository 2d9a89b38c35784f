namespace OptimizerBuild.Compression.Algebra;

/// <summary>
/// The Cholesky factor L of a symmetric positive definite matrix, A = L·Lᵀ (G. Golub and C. Van Loan, "Matrix Computations", 4th edition
/// 2013, section 4.2), in double precision. Every element is one sum in one order, so that it has the same bits on every machine.
/// </summary>
internal sealed class Cholesky
{
    private readonly double[] _l;

    private Cholesky(double[] l, int size)
    {
        _l = l;
        Size = size;
    }

    /// <summary>The number of rows.</summary>
    public int Size { get; }

    /// <summary>Factors a matrix; null where it is not positive definite.</summary>
    /// <param name="matrix">The matrix, row by row; its lower triangle is read.</param>
    /// <param name="size">The number of rows.</param>
    public static Cholesky? Of(double[] matrix, int size)
    {
        var l = new double[size * size];
        for (int j = 0; j < size; j++)
        {
            ReadOnlySpan<double> pivot = l.AsSpan(j * size, j);
            double d = matrix[(j * size) + j] - Dot(pivot, pivot);
            if (!(d > 0) || !double.IsFinite(d))
                return null;
            double root = Math.Sqrt(d);
            l[(j * size) + j] = root;
            int column = j;
            Parallel.For(j + 1, size, i => l[(i * size) + column] =
                (matrix[(i * size) + column] - Dot(l.AsSpan(i * size, column), l.AsSpan(column * size, column))) / root);
        }
        return new(l, size);
    }

    /// <summary>Solves A·x = b.</summary>
    /// <param name="b">The right side; becomes x.</param>
    public void Solve(Span<double> b)
    {
        for (int i = 0; i < Size; i++)
            b[i] = (b[i] - Dot(_l.AsSpan(i * Size, i), b[..i])) / _l[(i * Size) + i];
        for (int i = Size - 1; i >= 0; i--)
        {
            b[i] /= _l[(i * Size) + i];
            double x = b[i];
            ReadOnlySpan<double> row = _l.AsSpan(i * Size, i);
            for (int k = 0; k < i; k++)
                b[k] -= row[k] * x;
        }
    }

    /// <summary>The inverse of A, row by row.</summary>
    public double[] Inverse()
    {
        var inverse = new double[Size * Size];
        Parallel.For(0, Size, i =>
        {
            Span<double> row = inverse.AsSpan(i * Size, Size);
            row[i] = 1;
            Solve(row);
        });
        return inverse;
    }

    /// <summary>The product of two rows: four sums side by side, which the processor can add at the same time; always the same
    /// four.</summary>
    /// <param name="a">A row.</param>
    /// <param name="b">As many numbers.</param>
    public static double Dot(ReadOnlySpan<double> a, ReadOnlySpan<double> b)
    {
        double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
        int i = 0;
        for (; i + 4 <= a.Length; i += 4)
        {
            s0 += a[i] * b[i];
            s1 += a[i + 1] * b[i + 1];
            s2 += a[i + 2] * b[i + 2];
            s3 += a[i + 3] * b[i + 3];
        }
        for (; i < a.Length; i++)
            s0 += a[i] * b[i];
        return s0 + s1 + (s2 + s3);
    }
}
