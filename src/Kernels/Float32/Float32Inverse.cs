namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Hyperbolic functions, and the inverses of these and of the trigonometric ones, of float32 values: computed in double precision by
/// additions, multiplications, divisions and roots only, so that every machine gives the same bits, and rounded once.
/// </summary>
internal static class Float32Inverse
{
    private const double HalfPi = 1.5707963267948966;

    // Where the first two terms of a series are as good as the formula, and the formula not yet.
    private const double Small = 1e-3;

    /// <summary>arcsin x.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output, which may be the input's place.</param>
    /// <param name="count">The number of elements.</param>
    public static void Asin(Workspace w, int input, int output, int count) => Run<AsinFunction>(w, input, output, count);

    /// <summary>arccos x; parameters as for the arc sine.</summary>
    public static void Acos(Workspace w, int input, int output, int count) => Run<AcosFunction>(w, input, output, count);

    /// <summary>arctan x; parameters as for the arc sine.</summary>
    public static void Atan(Workspace w, int input, int output, int count) => Run<AtanFunction>(w, input, output, count);

    /// <summary>sinh x; parameters as for the arc sine.</summary>
    public static void Sinh(Workspace w, int input, int output, int count) => Run<SinhFunction>(w, input, output, count);

    /// <summary>cosh x; parameters as for the arc sine.</summary>
    public static void Cosh(Workspace w, int input, int output, int count) => Run<CoshFunction>(w, input, output, count);

    /// <summary>arsinh x; parameters as for the arc sine.</summary>
    public static void Asinh(Workspace w, int input, int output, int count) => Run<AsinhFunction>(w, input, output, count);

    /// <summary>arcosh x; parameters as for the arc sine.</summary>
    public static void Acosh(Workspace w, int input, int output, int count) => Run<AcoshFunction>(w, input, output, count);

    /// <summary>artanh x; parameters as for the arc sine.</summary>
    public static void Atanh(Workspace w, int input, int output, int count) => Run<AtanhFunction>(w, input, output, count);

    private interface IFunction
    {
        static abstract double Of(double x);
    }

    private static void Run<TFunction>(Workspace w, int input, int output, int count)
        where TFunction : struct, IFunction
    {
        ref float from = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        for (nint i = 0; i < count; i++)
            Unsafe.Add(ref to, i) = (float)TFunction.Of(Unsafe.Add(ref from, i));
    }

    // Half the angle twice, arctan x = 2 · arctan(x / (1 + √(1 + x²))), then the series.
    private static double ArcTangent(double x)
    {
        if (double.IsNaN(x))
            return x;
        double magnitude = Math.Abs(x);
        bool inverted = magnitude > 1;
        double r = inverted ? 1 / magnitude : magnitude;
        r /= 1 + Math.Sqrt(1 + (r * r));
        r /= 1 + Math.Sqrt(1 + (r * r));
        double square = r * r;
        double sum = 0;
        for (int k = 23; k >= 1; k -= 2)
            sum = (1.0 / k) - (square * sum);
        double angle = 4 * r * sum;
        return Math.CopySign(inverted ? HalfPi - angle : angle, x);
    }

    // Beyond ±88.8 float32 ends; so far out the double range is far from its end.
    private static double Exponential(double x) => Power.Exponential(Math.Clamp(x, -200, 200));

    private struct AsinFunction : IFunction
    {
        public static double Of(double x) => Math.Abs(x) > 1 ? double.NaN : ArcTangent(x / Math.Sqrt((1 - x) * (1 + x)));
    }

    private struct AcosFunction : IFunction
    {
        public static double Of(double x) => Math.Abs(x) > 1 ? double.NaN : 2 * ArcTangent(Math.Sqrt((1 - x) / (1 + x)));
    }

    private struct AtanFunction : IFunction
    {
        public static double Of(double x) => ArcTangent(x);
    }

    private struct SinhFunction : IFunction
    {
        public static double Of(double x)
        {
            if (double.IsNaN(x) || Math.Abs(x) < Small)
                return x + (x * x * x / 6);
            double power = Exponential(Math.Abs(x));
            return Math.CopySign((power - (1 / power)) / 2, x);
        }
    }

    private struct CoshFunction : IFunction
    {
        public static double Of(double x)
        {
            if (double.IsNaN(x))
                return x;
            double power = Exponential(Math.Abs(x));
            return (power + (1 / power)) / 2;
        }
    }

    private struct AsinhFunction : IFunction
    {
        public static double Of(double x)
        {
            double magnitude = Math.Abs(x);
            if (!(magnitude >= Small))
                return x - (x * x * x / 6);
            return double.IsInfinity(x) ? x : Math.CopySign(Power.Logarithm(magnitude + Math.Sqrt((x * x) + 1)), x);
        }
    }

    private struct AcoshFunction : IFunction
    {
        public static double Of(double x) => x < 1 ? double.NaN
            : !double.IsFinite(x) ? x
            : Power.Logarithm(x + Math.Sqrt((x - 1) * (x + 1)));
    }

    private struct AtanhFunction : IFunction
    {
        public static double Of(double x)
        {
            double magnitude = Math.Abs(x);
            if (!(magnitude >= Small))
                return x + (x * x * x / 3);
            return magnitude > 1 ? double.NaN
                : magnitude == 1 ? x / 0.0
                : 0.5 * Power.Logarithm((1 + x) / (1 - x));
        }
    }
}
