namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Runtime.CompilerServices;

/// <summary>
/// Sine, cosine and tangent of float32 values, computed in double precision by additions and multiplications only: the argument is reduced
/// to a quarter turn by subtracting multiples of π/2 in three parts (Cody and Waite, 1980, chapter 8), then the Taylor series
/// runs to the 17th power. Exact to one unit in the last place for arguments up to 2^20, absolutely to 2^−20 up to 2^31; beyond
/// that a float32 has no phase left, and the result is that of 0.
/// </summary>
internal static class Float32Trigonometry
{
    private const double TwoOverPi = 0.6366197723675814;

    // π/2 in parts of 33 bits, so that their products with a 20-bit integer are exact.
    private const double HalfPi1 = 1.5707963267341256;
    private const double HalfPi2 = 6.077100506303966e-11;
    private const double HalfPi3 = 2.0222662487959506e-21;

    /// <summary>sin x.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the input.</param>
    /// <param name="output">Arena offset of the output, which may be the input's place.</param>
    /// <param name="count">The number of elements.</param>
    public static void Sin(Workspace w, int input, int output, int count) => Run(w, input, output, count, 0);

    /// <summary>cos x; parameters as for the sine.</summary>
    public static void Cos(Workspace w, int input, int output, int count) => Run(w, input, output, count, 1);

    /// <summary>tan x; parameters as for the sine.</summary>
    public static void Tan(Workspace w, int input, int output, int count)
    {
        ref float from = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        for (nint i = 0; i < count; i++)
            Unsafe.Add(ref to, i) = (float)(Sine(Unsafe.Add(ref from, i), 0) / Sine(Unsafe.Add(ref from, i), 1));
    }

    private static void Run(Workspace w, int input, int output, int count, int quarters)
    {
        ref float from = ref Unsafe.As<byte, float>(ref w.Operand(input));
        ref float to = ref Unsafe.As<byte, float>(ref w.Arena(output));
        for (nint i = 0; i < count; i++)
            Unsafe.Add(ref to, i) = (float)Sine(Unsafe.Add(ref from, i), quarters);
    }

    // sin(x + quarters · π/2)
    private static double Sine(double x, int quarters)
    {
        if (double.IsNaN(x) || double.IsInfinity(x))
            return double.NaN;
        if (Math.Abs(x) > 2147483648.0)
            x = 0;
        double n = Math.Floor((x * TwoOverPi) + 0.5);
        double r = ((x - (n * HalfPi1)) - (n * HalfPi2)) - (n * HalfPi3);
        int quadrant = (int)((long)n + quarters) & 3;
        double value = (quadrant & 1) == 0 ? r * Series(r, 3) : Series(r, 2);
        return quadrant >= 2 ? -value : value;
    }

    // 1 − r²/(k−1)k · (1 − r²/(k+1)(k+2) · (…)), the first divisor being (first − 1) · first.
    private static double Series(double r, int first)
    {
        double square = r * r;
        double sum = 1;
        for (int k = first + 14; k >= first; k -= 2)
            sum = 1 - (square / ((double)(k - 1) * k) * sum);
        return sum;
    }
}
