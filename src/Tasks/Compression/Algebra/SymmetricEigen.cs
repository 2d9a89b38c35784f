namespace OptimizerBuild.Compression.Algebra;

/// <summary>
/// Eigenvalues and eigenvectors of a symmetric matrix by cyclic rotations (C. Jacobi 1846; G. Golub and C. Van Loan, "Matrix Computations",
/// 4th edition 2013, section 8.5), in double precision. Rotations come in one order and use only operations that every processor rounds
/// alike, so that the result has the same bits on every machine. It is our own for that reason: a numerics library chooses its routines
/// by environment variables and the number of cores of the process that it is loaded into.
/// </summary>
internal sealed class SymmetricEigen
{
    private const int MostSweeps = 30;

    private SymmetricEigen(double[] values, double[][] vectors)
    {
        Values = values;
        Vectors = vectors;
    }

    /// <summary>The eigenvalues, the greatest first.</summary>
    public double[] Values { get; }

    /// <summary>The eigenvectors of length 1, in the order of the values.</summary>
    public double[][] Vectors { get; }

    /// <summary>Decomposes a matrix.</summary>
    /// <param name="matrix">The matrix, row by row.</param>
    /// <param name="size">The number of rows.</param>
    /// <param name="cancellation">Stops the work; checked between sweeps.</param>
    public static SymmetricEigen Of(double[] matrix, int size, CancellationToken cancellation)
    {
        var a = new double[size][];
        var vectors = new double[size][];
        double scale = 0;
        for (int i = 0; i < size; i++)
        {
            a[i] = matrix.AsSpan(i * size, size).ToArray();
            vectors[i] = new double[size];
            vectors[i][i] = 1;
            foreach (double x in a[i])
                scale += x * x;
        }
        for (int sweep = 0; sweep < MostSweeps; sweep++)
        {
            cancellation.ThrowIfCancellationRequested();
            double off = 0;
            for (int p = 0; p < size; p++)
                for (int q = p + 1; q < size; q++)
                    off += a[p][q] * a[p][q];
            if (!(off > 1e-26 * scale))
                break;
            for (int p = 0; p < size; p++)
                for (int q = p + 1; q < size; q++)
                    Rotate(a, vectors, p, q);
        }
        int[] order = [.. Enumerable.Range(0, size).OrderByDescending(i => a[i][i]).ThenBy(i => i)];
        return new([.. order.Select(i => a[i][i])], [.. order.Select(i => vectors[i])]);
    }

    // Turns the axes p and q so that a[p][q] becomes 0. Rows of `vectors` are the eigenvectors.
    private static void Rotate(double[][] a, double[][] vectors, int p, int q)
    {
        double apq = a[p][q];
        if (apq == 0)
            return;
        double theta = (a[q][q] - a[p][p]) / (2 * apq);
        double t = (theta >= 0 ? 1 : -1) / (Math.Abs(theta) + Math.Sqrt((theta * theta) + 1));
        double c = 1 / Math.Sqrt((t * t) + 1), s = t * c;
        if (!double.IsFinite(s) || s == 0)
        {
            a[p][q] = a[q][p] = 0;
            return;
        }
        double[] rowP = a[p], rowQ = a[q];
        (double app, double aqq) = (rowP[p] - (t * apq), rowQ[q] + (t * apq));
        for (int k = 0; k < rowP.Length; k++)
        {
            (double x, double y) = (rowP[k], rowQ[k]);
            rowP[k] = (c * x) - (s * y);
            rowQ[k] = (s * x) + (c * y);
        }
        for (int k = 0; k < rowP.Length; k++)
        {
            if (k == p || k == q)
                continue;
            a[k][p] = rowP[k];
            a[k][q] = rowQ[k];
        }
        (rowP[p], rowQ[q], rowP[q], rowQ[p]) = (app, aqq, 0, 0);
        (double[] u, double[] v) = (vectors[p], vectors[q]);
        for (int k = 0; k < u.Length; k++)
        {
            (double x, double y) = (u[k], v[k]);
            u[k] = (c * x) - (s * y);
            v[k] = (s * x) + (c * y);
        }
    }
}
