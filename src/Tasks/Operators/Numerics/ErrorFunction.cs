namespace OptimizerBuild.Operators.Numerics;

/// <summary>The error function in double precision.</summary>
internal static class ErrorFunction
{
    /// <summary>
    /// erf(x): for small arguments its Maclaurin series (Abramowitz and Stegun, "Handbook of Mathematical Functions", 7.1.6),
    /// for large ones the continued fraction of erfc (7.1.14).
    /// </summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x))
            return x;
        double z = Math.Abs(x);
        double value = z < 2 ? Series(z) : z > 6 ? 1 : 1 - Complement(z);
        return Math.CopySign(value, x);
    }

    // erf(x) = 2/√π · exp(−x²) · Σ 2^n x^(2n+1) / (1·3·…·(2n+1)): all terms positive, so nothing cancels.
    private static double Series(double x)
    {
        double term = x, sum = x;
        for (int n = 1; n < 200 && term > sum * 1e-17; n++)
        {
            term *= 2 * x * x / ((2 * n) + 1);
            sum += term;
        }
        return 2 / Math.Sqrt(Math.PI) * ElementaryFunctions.Exp(-x * x) * sum;
    }

    // √π · exp(x²) · erfc(x) = 1/(x + (1/2)/(x + 1/(x + (3/2)/(x + …)))), evaluated from the inside.
    private static double Complement(double x)
    {
        double fraction = x;
        for (int n = 60; n >= 1; n--)
            fraction = x + (n / 2.0 / fraction);
        return ElementaryFunctions.Exp(-x * x) / Math.Sqrt(Math.PI) / fraction;
    }
}
