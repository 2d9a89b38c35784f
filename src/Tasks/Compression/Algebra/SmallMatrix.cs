namespace OptimizerBuild.Compression.Algebra;

/// <summary>Products of matrices in double precision, row by row; each element is one sum in one order, on any number of threads.</summary>
internal static class SmallMatrix
{
    /// <summary>A·B.</summary>
    /// <param name="a">[rows, inner].</param>
    /// <param name="b">[inner, columns].</param>
    /// <param name="rows">The rows of A.</param>
    /// <param name="inner">The columns of A and rows of B.</param>
    /// <param name="columns">The columns of B.</param>
    /// <returns>[rows, columns].</returns>
    public static double[] Product(double[] a, double[] b, int rows, int inner, int columns)
    {
        var product = new double[rows * columns];
        Parallel.For(0, rows, i =>
        {
            Span<double> to = product.AsSpan(i * columns, columns);
            for (int k = 0; k < inner; k++)
            {
                double x = a[(i * inner) + k];
                ReadOnlySpan<double> row = b.AsSpan(k * columns, columns);
                for (int j = 0; j < to.Length; j++)
                    to[j] += x * row[j];
            }
        });
        return product;
    }

    /// <summary>A·Bᵀ.</summary>
    /// <param name="a">[rows, inner].</param>
    /// <param name="b">[columns, inner].</param>
    /// <param name="rows">The rows of A.</param>
    /// <param name="columns">The rows of B.</param>
    /// <param name="inner">The columns of both.</param>
    /// <returns>[rows, columns].</returns>
    public static double[] ProductOfRows(double[] a, double[] b, int rows, int columns, int inner)
    {
        var product = new double[rows * columns];
        Parallel.For(0, rows, i =>
        {
            for (int j = 0; j < columns; j++)
                product[(i * columns) + j] = Cholesky.Dot(a.AsSpan(i * inner, inner), b.AsSpan(j * inner, inner));
        });
        return product;
    }

    /// <summary>Makes a matrix that is symmetric but for rounding exactly so.</summary>
    /// <param name="matrix">[size, size].</param>
    /// <param name="size">The rows.</param>
    public static void MakeSymmetric(double[] matrix, int size)
    {
        for (int i = 0; i < size; i++)
            for (int j = 0; j < i; j++)
                matrix[(i * size) + j] = matrix[(j * size) + i] = (matrix[(i * size) + j] + matrix[(j * size) + i]) / 2;
    }
}
