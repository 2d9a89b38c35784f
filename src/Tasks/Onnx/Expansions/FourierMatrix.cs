using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Onnx.Expansions;

/// <summary>
/// The discrete Fourier transform of rows as a product with a constant matrix (J. Cooley and J. Tukey, 1965, equation 1), whose factors
/// are computed in double precision. Complex numbers stand as pairs.
/// </summary>
internal static class FourierMatrix
{
    /// <summary>Rows of samples [rows, samples·parts] as rows of frequencies.</summary>
    /// <param name="context">The node.</param>
    /// <param name="rows">The rows: real numbers (one part) or pairs (two parts).</param>
    /// <param name="samples">How many numbers a row has.</param>
    /// <param name="parts">1 for real numbers, 2 for pairs.</param>
    /// <param name="length">The length of the transform: further samples are 0, or left out.</param>
    /// <param name="oneSided">Whether frequencies above half of the length are left out.</param>
    /// <returns>[rows, frequencies·2], and the number of frequencies.</returns>
    public static (string Rows, int Frequencies) Forward(
        ExpansionContext context, string rows, int samples, int parts, int length, bool oneSided)
    {
        int frequencies = oneSided ? (length / 2) + 1 : length;
        return (Transform(context, rows, samples, parts, length, frequencies, -1, 1), frequencies);
    }

    /// <summary>Rows of frequencies [rows, frequencies·parts] as rows of samples [rows, samples·2]; parameters as above.</summary>
    public static string Inverse(ExpansionContext context, string rows, int frequencies, int parts, int length) =>
        Transform(context, rows, frequencies, parts, length, length, 1, 1.0 / length);

    /// <summary>
    /// Rows of pairs, the frequencies up to half of the length, as rows of real samples [rows, samples]: the others are their conjugates.
    /// </summary>
    public static string InverseToReal(ExpansionContext context, string rows, int frequencies, int length)
    {
        int used = Math.Min(frequencies, (length / 2) + 1);
        var matrix = new double[context.Elements(frequencies * 2L, length)];
        for (int k = 0; k < used; k++)
        {
            double weight = (k == 0 || 2 * k == length ? 1.0 : 2.0) / length;
            for (int n = 0; n < length; n++)
            {
                (double cos, double sin) = Root(length, (long)k * n);
                matrix[(k * 2 * length) + n] = weight * cos;
                matrix[(((k * 2) + 1) * length) + n] = -weight * sin;
            }
        }
        return Product(context, rows, matrix, length);
    }

    private static string Transform(
        ExpansionContext context, string rows, int given, int parts, int length, int results, int sign, double factor)
    {
        var matrix = new double[context.Elements((long)given * parts, results * 2L)];
        for (int n = 0; n < Math.Min(given, length); n++)
        {
            for (int k = 0; k < results; k++)
            {
                (double cos, double sin) = Root(length, (long)k * n);
                (double re, double im) = (factor * cos, factor * sign * sin);
                int real = (n * parts * results * 2) + (k * 2);
                (matrix[real], matrix[real + 1]) = (re, im);
                if (parts == 2)
                    (matrix[real + (results * 2)], matrix[real + (results * 2) + 1]) = (-im, re);
            }
        }
        return Product(context, rows, matrix, results * 2);
    }

    private static (double Cos, double Sin) Root(int length, long power)
    {
        double angle = 2 * Math.PI * (power % length) / length;
        return (ElementaryFunctions.Cos(angle), ElementaryFunctions.Sin(angle));
    }

    private static string Product(ExpansionContext context, string rows, double[] matrix, int columns)
    {
        Tensor factors = Tensor.Of(matrix, matrix.Length / Math.Max(columns, 1), columns);
        return context.Add("MatMul", rows, context.Add(NumericCast.Convert(factors, context.TypeOf(rows).Element)!));
    }
}
