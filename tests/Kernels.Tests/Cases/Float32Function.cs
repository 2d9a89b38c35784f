namespace OptimizerBuild.Kernels.Tests.Cases;

/// <summary>A function of one float32 value: its kernel, what one lane of it gives, and what it means in double precision.</summary>
/// <param name="Kernel">The kernel's class and method.</param>
/// <param name="Run">The call for input, output and count.</param>
/// <param name="Scalar">The function of one value as one lane computes it.</param>
/// <param name="Exact">The function in double precision.</param>
/// <param name="Ulps">The documented error bound in units of the last place of the exact result.</param>
internal sealed record Float32Function(
    string Kernel, Action<Workspace, int, int, int> Run, Func<float, float> Scalar, Func<double, double> Exact, double Ulps)
{
    /// <summary>Whether it is computed in double precision: correctly rounded, but for one number in ten million at most.</summary>
    public bool IsWidened => Kernel.StartsWith("Float32Trigonometry", StringComparison.Ordinal)
        || Kernel.StartsWith("Float32Inverse", StringComparison.Ordinal);

    /// <summary>All functions.</summary>
    public static IReadOnlyList<Float32Function> All { get; } =
    [
        new("Float32Unary.Relu", Float32Unary.Relu, x => x < 0 ? 0 : x, x => Math.Max(x, 0), 0),
        new("Float32Unary.LeakyRelu", (
            w, i, o, n) => Float32Unary.LeakyRelu(w, i, o, n, 0.1f), x => x < 0 ? x * 0.1f : x, x => x < 0 ? x * 0.1f : x, 0.5),
        new("Float32Unary.Clip", (
            w, i, o, n) => Float32Unary.Clip(w, i, o, n, -1f, 2f), x => x < -1 ? -1 : x > 2 ? 2 : x, x => Math.Clamp(x, -1, 2), 0),
        new("Float32Unary.Sigmoid", Float32Unary.Sigmoid, Float32Math.Sigmoid<float, Float32Lanes1>, x => 1 / (1 + Math.Exp(-x)), 3),
        new("Float32Unary.Tanh", Float32Unary.Tanh, Float32Math.Tanh<float, Float32Lanes1>, Math.Tanh, 3),
        new("Float32Unary.HardSigmoid", (w, i, o, n) => Float32Unary.HardSigmoid(w, i, o, n, 0.2f, 0.5f),
            x => Clamp01(MathF.FusedMultiplyAdd(x, 0.2f, 0.5f)), x => Math.Clamp((x * 0.2f) + 0.5, 0, 1), 0.5),
        new("Float32Unary.HardSwish", Float32Unary.HardSwish,
            x => x * Clamp01(MathF.FusedMultiplyAdd(x, 1f / 6f, 0.5f)), x => x * Math.Clamp((x * (1f / 6f)) + 0.5, 0, 1), 1.5),
        new("Float32Unary.Elu", (w, i, o, n) => Float32Unary.Elu(w, i, o, n, 1.5f),
            x => x < 0 ? 1.5f * Float32Math.ExpMinusOne<float, Float32Lanes1>(x) : x, x => x < 0 ? 1.5 * ExpMinusOne(x) : x, 3),
        new("Float32Unary.Exp", Float32Unary.Exp, Float32Math.Exp<float, Float32Lanes1>, Math.Exp, 1.1),
        new("Float32Unary.Log", Float32Unary.Log, Float32Math.Log<float, Float32Lanes1>, Math.Log, 1.2),
        new("Float32Unary.Sqrt", Float32Unary.Sqrt, MathF.Sqrt, Math.Sqrt, 0.5),
        new("Float32Unary.Reciprocal", Float32Unary.Reciprocal, x => 1 / x, x => 1 / x, 0.5),
        new("Float32Unary.Neg", Float32Unary.Neg, x => -x, x => -x, 0),
        new("Float32Unary.Abs", Float32Unary.Abs, MathF.Abs, Math.Abs, 0),
        new("Float32Unary.Erf", Float32Unary.Erf, Float32Math.Erf<float, Float32Lanes1>, ErrorFunction, 2),
        new("Float32Unary.Square", Float32Unary.Square, x => x * x, x => x * x, 0.5),
        new("Float32Unary.Affine", (
            w, i, o, n) => Float32Unary.Affine(w, i, o, n, 3f, 0.5f), x => MathF.FusedMultiplyAdd(x, 3f, 0.5f), x => (x * 3) + 0.5, 0.5),
        new("Float32Activation.Mish", Float32Activation.Mish, x => x * Float32Math.TanhOfSoftplus<float, Float32Lanes1>(x), Mish, 4),
        new("Float32Rounding.Floor", Float32Rounding.Floor, MathF.Floor, Math.Floor, 0),
        new("Float32Rounding.Ceil", Float32Rounding.Ceil, MathF.Ceiling, Math.Ceiling, 0),
        new("Float32Rounding.Round", Float32Rounding.Round, x => MathF.Round(x), x => Math.Round(x), 0),
        new("Float32Rounding.Sign", Float32Rounding.Sign, x => x > 0 ? 1 : x < 0 ? -1 : x, x => x > 0 ? 1 : x < 0 ? -1 : x, 0),
        new("Float32Trigonometry.Sin", Float32Trigonometry.Sin, x => (float)Math.Sin(x), Math.Sin, 0.5001),
        new("Float32Trigonometry.Cos", Float32Trigonometry.Cos, x => (float)Math.Cos(x), Math.Cos, 0.5001),
        new("Float32Trigonometry.Tan", Float32Trigonometry.Tan, x => (float)Math.Tan(x), Math.Tan, 0.5001),
        new("Float32Inverse.Asin", Float32Inverse.Asin, x => Math.Abs(x) > 1 ? float.NaN : (float)Math.Asin(x), Math.Asin, 0.5001),
        new("Float32Inverse.Acos", Float32Inverse.Acos, x => Math.Abs(x) > 1 ? float.NaN : (float)Math.Acos(x), Math.Acos, 0.5001),
        new("Float32Inverse.Atan", Float32Inverse.Atan, x => (float)Math.Atan(x), Math.Atan, 0.5001),
        new("Float32Inverse.Sinh", Float32Inverse.Sinh, x => (float)Math.Sinh(x), Math.Sinh, 0.5001),
        new("Float32Inverse.Cosh", Float32Inverse.Cosh, x => (float)Math.Cosh(x), Math.Cosh, 0.5001),
        new("Float32Inverse.Asinh", Float32Inverse.Asinh, x => (float)Math.Asinh(x), Math.Asinh, 0.5001),
        new("Float32Inverse.Acosh", Float32Inverse.Acosh, x => x < 1 ? float.NaN : (float)Math.Acosh(x), Math.Acosh, 0.5001),
        new("Float32Inverse.Atanh", Float32Inverse.Atanh, x => Math.Abs(x) > 1 ? float.NaN : (float)Math.Atanh(x), Math.Atanh, 0.5001),
    ];

    /// <summary>
    /// erf x in double precision: the Taylor series near 0, the continued fraction of erfc further out (Abramowitz and Stegun 7.1.6,
    /// 7.1.14).
    /// </summary>
    public static double ErrorFunction(double x)
    {
        double a = Math.Abs(x);
        if (a > 6)
            return Math.Sign(x);
        if (a < 2.5)
        {
            double term = a;
            double sum = a;
            for (int n = 1; n < 100; n++)
            {
                term *= 2 * a * a / ((2 * n) + 1);
                sum += term;
            }
            return Math.Sign(x) * 2 / Math.Sqrt(Math.PI) * Math.Exp(-a * a) * sum;
        }
        double fraction = a;
        for (int k = 120; k >= 1; k--)
            fraction = a + (k / 2.0 / fraction);
        return Math.Sign(x) * (1 - (Math.Exp(-a * a) / Math.Sqrt(Math.PI) / fraction));
    }

    // tanh(ln t) = (t² − 1) / (t² + 1) with t = 1 + e^x; no bound is given where e^x is a subnormal float32.
    private static double Mish(double x)
    {
        if (x < -87)
            return double.NaN;
        double n = Math.Exp(Math.Min(x, 50)) * (Math.Exp(Math.Min(x, 50)) + 2);
        return x * n / (n + 2);
    }

    private static float Clamp01(float x) => x < 0 ? 0 : x > 1 ? 1 : x;

    // e^x − 1 without cancellation (W. Kahan's method).
    private static double ExpMinusOne(double x)
    {
        double u = Math.Exp(x);
        return u == 1 ? x : u - 1 == -1 ? -1 : (u - 1) * x / Math.Log(u);
    }
}
