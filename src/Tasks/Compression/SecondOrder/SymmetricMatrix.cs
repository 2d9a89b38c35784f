using System.Numerics;

namespace OptimizerBuild.Compression.SecondOrder;

/// <summary>
/// Factors of positive definite matrices in double precision, row-major. Every element is summed up in one order, whatever the width of the
/// machine's vectors, so that results are the same everywhere.
/// </summary>
internal static class SymmetricMatrix
{
    /// <summary>
    /// The upper triangle U with positive diagonal for which UᵀU is the inverse of a matrix: what second-order methods walk along (E.
    /// Frantar et al., "GPTQ", arXiv 2210.17323, section 3.3, step 3). It is the inverse of the upper factor W of the matrix itself, H =
    /// WWᵀ.
    /// </summary>
    /// <param name="matrix">[size, size]; overwritten.</param>
    /// <param name="size">Its rows.</param>
    public static double[] FactorOfInverse(double[] matrix, int size)
    {
        // H = WWᵀ with W upper is Cholesky's factorisation from the last row to the first; the lower triangle holds Wᵀ row by row.
        for (int j = size - 1; j >= 0; j--)
        {
            Span<double> row = matrix.AsSpan(j * size, j + 1);
            double root = Math.Sqrt(Math.Max(row[j], double.Epsilon));
            for (int k = 0; k <= j; k++)
                row[k] /= root;
            for (int i = 0; i < j; i++)
                AddMultiple(matrix.AsSpan(i * size, i + 1), -row[i], row[..(i + 1)]);
        }

        // Row j of the lower triangle is column j of W; each row u of U is u W = e.
        var inverse = new double[size * size];
        Parallel.For(0, size, i =>
        {
            Span<double> u = inverse.AsSpan(i * size, size);
            u[i] = 1 / matrix[(i * size) + i];
            for (int j = i + 1; j < size; j++)
            {
                ReadOnlySpan<double> column = matrix.AsSpan(j * size, j + 1);
                double sum = 0;
                for (int k = i; k < j; k++)
                    sum += u[k] * column[k];
                u[j] = -sum / column[j];
            }
        });
        return inverse;
    }

    /// <summary>Adds a multiple of a vector to another one.</summary>
    public static void AddMultiple(Span<double> to, double factor, ReadOnlySpan<double> from)
    {
        int i = 0;
        var factors = new Vector<double>(factor);
        for (; i + Vector<double>.Count <= to.Length; i += Vector<double>.Count)
        {
            Span<double> part = to[i..];
            (new Vector<double>(part) + (factors * new Vector<double>(from[i..]))).CopyTo(part);
        }
        for (; i < to.Length; i++)
            to[i] += factor * from[i];
    }
}
