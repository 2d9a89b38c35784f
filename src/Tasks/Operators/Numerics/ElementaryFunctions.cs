using System.Numerics;

namespace OptimizerBuild.Operators.Numerics;

/// <summary>
/// Exponential, logarithm, power, sine, cosine and hyperbolic tangent in double precision, made of additions, multiplications and divisions
/// that every processor rounds alike. Those of <see cref="Math"/> come from the C library of the operating system, and differ in the last
/// bit from one to the other, and from processors with fused multiply-add to those without. What a build decides or writes must not.
/// Errors are below one unit in the last place (of tanh and log10 below three), so that rounded to float32 they hardly ever show.
/// </summary>
/// <remarks>Argument reduction by tables as in P. T. P. Tang, "Table-driven implementation of the exponential function" (1989) and
/// "… of the logarithm function" (1990); exact sums and products after T. J. Dekker, "A floating-point technique for extending the
/// available precision" (1971).</remarks>
internal static class ElementaryFunctions
{
    // The places between 1 and 2 in the exponential's table.
    private const int Places = 64;

    // Beyond these the exponential is infinite or zero.
    private const double Greatest = 709.79, Least = -745.2;

    // Up to here three parts of π/2 reduce the arguments of sine and cosine exactly enough.
    private const double Near = 1 << 20;

    // Bits behind the point where they are reduced in whole numbers: the largest double has 1024 before it.
    private const int FarBits = 1216;

    private static readonly (double High, double Low)[] Powers =
        [.. Enumerable.Range(0, Places).Select(i => ExactConstants.Split(ExactConstants.PowerOf2(i)))];

    // ln 2 / 64 in two parts, the first short enough for exact products with the number of steps.
    private static readonly (double High, double Low) Step = ExactConstants.Split(ExactConstants.LogarithmOf2 / Places, leading: 32);

    private static readonly (double High, double Low) Octave = ExactConstants.Split(ExactConstants.LogarithmOf2, leading: 40);

    // For m between 90/128 and 182/128 a reciprocal of few bits, and minus its logarithm.
    private static readonly (double Reciprocal, double High, double Low)[] Reciprocals = [.. Enumerable.Range(90, 93).Select(i =>
    {
        int reciprocal = (int)Math.Round(512.0 * 128 / i);
        (double high, double low) = ExactConstants.Split(ExactConstants.NegativeLogarithm(reciprocal, 512));
        return (reciprocal / 512.0, high, low);
    })];

    // π/2 in three parts, the first two of 33 bits.
    private static readonly double[] QuarterTurn = InParts(ExactConstants.HalfPi(ExactConstants.Bits), 33);

    private static readonly Lazy<BigInteger> FarQuarterTurn = new(() => ExactConstants.HalfPi(FarBits));

    private static readonly double StepsPerUnit = Places / (Step.High * Places);

    // Coefficients of Taylor series: e^x from the second power on, ln(1 + x) and sin x from the third, cos x from the fourth.
    private static readonly double[] ExponentialSeries = [1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720];

    private static readonly double[] LogarithmSeries = [1.0 / 3, -1.0 / 4, 1.0 / 5, -1.0 / 6, 1.0 / 7, -1.0 / 8, 1.0 / 9];

    private static readonly double[] SineSeries = Series(3, -1), CosineSeries = Series(4, 1);

    private static readonly double Log10OfE = 1 / Log(10);

    /// <summary>e^x.</summary>
    public static double Exp(double x)
    {
        if (!(x < Greatest))
            return double.IsNaN(x) ? x : double.PositiveInfinity;
        return x < Least ? 0 : Scaled(Power(x, 0));
    }

    /// <summary>The natural logarithm: NaN below 0, −∞ at 0.</summary>
    public static double Log(double x)
    {
        if (!(x > 0) || double.IsPositiveInfinity(x))
            return x == 0 ? double.NegativeInfinity : double.IsPositiveInfinity(x) ? x : double.NaN;
        (double high, double low) = Logarithm(x);
        return high + low;
    }

    /// <summary>The logarithm to the base 10.</summary>
    public static double Log10(double x) => Log(x) * Log10OfE;

    /// <summary>The logarithm to the base 2.</summary>
    public static double Log2(double x) => Log(x) / (Octave.High + Octave.Low);

    /// <summary>x^y, with the special cases of IEEE 754.</summary>
    public static double Pow(double x, double y)
    {
        if (y == 0 || x == 1)
            return 1;
        if (double.IsNaN(x) || double.IsNaN(y))
            return double.NaN;
        bool isOdd = Math.Abs(y) < 1L << 53 && Math.Floor(y) == y && ((long)y & 1) != 0;
        double sign = double.IsNegative(x) && isOdd ? -1 : 1;
        double magnitude = Math.Abs(x);
        if (magnitude == 1 && (double.IsInfinity(y) || Math.Floor(y) == y))
            return sign;
        if (magnitude == 0 || double.IsInfinity(magnitude) || double.IsInfinity(y))
            return sign * ((magnitude > 1) == (y > 0) ? double.PositiveInfinity : 0);
        if (x < 0 && Math.Floor(y) != y)
            return double.NaN;
        x = magnitude;
        (double high, double low) = Logarithm(x);
        double exponent = y * high;
        if (exponent > Greatest)
            return sign * double.PositiveInfinity;
        if (exponent < Least)
            return sign * 0.0;
        (double product, double rest) = Product(y, high);
        return sign * Scaled(Power(product, rest + (y * low)));
    }

    /// <summary>The hyperbolic tangent.</summary>
    public static double Tanh(double x)
    {
        double magnitude = Math.Abs(x);
        if (!(magnitude < 22))
            return double.IsNaN(x) ? x : Math.Sign(x);
        // e^2x − 1, small parts last.
        (double high, double low, int exponent) = Power(2 * magnitude, 0);
        double less = (Math.ScaleB(high, exponent) - 1) + Math.ScaleB(low, exponent);
        return Math.CopySign(less / (less + 2), x);
    }

    /// <summary>The sine of an angle in radians.</summary>
    public static double Sin(double x) => x == 0 ? x : double.IsFinite(x) ? Circular(x, 0) : double.NaN;

    /// <summary>The cosine of an angle in radians.</summary>
    public static double Cos(double x) => double.IsFinite(x) ? Circular(x, 1) : double.NaN;

    /// <summary>The tangent of an angle in radians.</summary>
    public static double Tan(double x) => Sin(x) / Cos(x);

    /// <summary>The angle whose tangent is given.</summary>
    public static double Atan(double x)
    {
        if (double.IsNaN(x))
            return x;
        double magnitude = Math.Abs(x);
        // Three halvings of the angle (arctan x = 2 · arctan(x / (1 + √(1 + x²)))), then the Taylor series.
        double r = magnitude > 1 ? 1 / magnitude : magnitude;
        for (int i = 0; i < 3; i++)
            r /= 1 + Math.Sqrt(1 + (r * r));
        double sum = 0;
        for (int k = 19; k >= 1; k -= 2)
            sum = (1.0 / k) - (r * r * sum);
        double angle = 8 * r * sum;
        return Math.CopySign(magnitude > 1 ? (Math.PI / 2) - angle : angle, x);
    }

    /// <summary>The angle whose sine is given; NaN beyond ±1.</summary>
    public static double Asin(double x) => Math.Abs(x) > 1 ? double.NaN : Atan(x / Math.Sqrt((1 - x) * (1 + x)));

    /// <summary>The angle whose cosine is given; NaN beyond ±1.</summary>
    public static double Acos(double x) => Math.Abs(x) > 1 ? double.NaN : 2 * Atan(Math.Sqrt((1 - x) / (1 + x)));

    /// <summary>The hyperbolic sine.</summary>
    public static double Sinh(double x)
    {
        if (Math.Abs(x) >= 0.3)
            return (Exp(x) - Exp(-x)) / 2;
        double sum = 1;
        for (int k = 14; k >= 2; k -= 2)
            sum = 1 + (x * x / (k * (k + 1)) * sum);
        return x * sum;
    }

    /// <summary>The hyperbolic cosine.</summary>
    public static double Cosh(double x) => (Exp(x) + Exp(-x)) / 2;

    /// <summary>The inverse of the hyperbolic sine.</summary>
    public static double Asinh(double x) => Math.CopySign(OnePlus(Math.Abs(x) + (x * x / (1 + Math.Sqrt((x * x) + 1)))), x);

    /// <summary>The inverse of the hyperbolic cosine; NaN below 1.</summary>
    public static double Acosh(double x) => x < 1 ? double.NaN : OnePlus(x - 1 + Math.Sqrt((x - 1) * (x + 1)));

    /// <summary>The inverse of the hyperbolic tangent; NaN beyond ±1.</summary>
    public static double Atanh(double x) => 0.5 * Math.CopySign(OnePlus(2 * Math.Abs(x) / (1 - Math.Abs(x))), x);

    // ln(1 + x), also where 1 + x is rounded (W. Kahan's correction by the rounded sum).
    private static double OnePlus(double x)
    {
        double sum = 1 + x;
        return sum == 1 || !double.IsFinite(sum) ? x : Log(sum) * (x / (sum - 1));
    }

    // e^(x + tail) = 2^Exponent · (High + Low).
    private static (double High, double Low, int Exponent) Power(double x, double tail)
    {
        double steps = Math.Floor((x * StepsPerUnit) + 0.5);
        (double r, double rest) = Sum(x - (steps * Step.High), tail - (steps * Step.Low));
        double less = r + (r * r * Value(ExponentialSeries, r)) + rest;
        int n = (int)steps;
        (double high, double low) = Powers[n & (Places - 1)];
        return (high, low + (high * less), n >> 6);
    }

    private static double Scaled((double High, double Low, int Exponent) power) => Math.ScaleB(power.High + power.Low, power.Exponent);

    // ln x = High + Low for finite x above 0.
    private static (double High, double Low) Logarithm(double x)
    {
        int exponent = Math.ILogB(x);
        double m = Math.ScaleB(x, -exponent);
        if (m > 1.4140625)
            (m, exponent) = (m / 2, exponent + 1);
        (double c, double tableHigh, double tableLow) = Reciprocals[(int)Math.Floor((m * 128) + 0.5) - 90];

        // r + rest = m·c − 1 exactly: the upper half of m times so few bits is exact, and so is the difference.
        double upper = Math.ScaleB(Math.Floor(Math.ScaleB(m, 26)), -26);
        (double r, double rest) = Sum((upper * c) - 1, (m - upper) * c);

        // ln(1 + r) = r − r²/2 + r³/3 − …
        (double square, double squareRest) = Product(r, r);
        double series = r * square * Value(LogarithmSeries, r);
        (double high, double low) = Sum(r, -0.5 * square);
        low += rest - (r * rest) - (0.5 * squareRest) + series;
        (double table, double tableRest) = Sum(exponent * Octave.High, tableHigh);
        (double total, double totalRest) = Sum(table, high);
        return Sum(total, totalRest + (tableRest + tableLow + (exponent * Octave.Low) + low));
    }

    // Sine, or a quarter turn ahead the cosine.
    private static double Circular(double x, int ahead)
    {
        (double r, double rest, int quarters) = Math.Abs(x) < Near ? ReduceNear(x) : ReduceFar(x);
        double square = r * r;
        double sine = r + ((r * square * Value(SineSeries, square)) + rest);
        double cosine = 1 - ((0.5 * square) - ((square * square * Value(CosineSeries, square)) - (r * rest)));
        return ((quarters + ahead) & 3) switch
        {
            0 => sine,
            1 => cosine,
            2 => -sine,
            _ => -cosine,
        };
    }

    // ± 1/n!, the sign changing, for eight powers of the same parity.
    private static double[] Series(int first, int sign)
    {
        var series = new double[8];
        for (int i = 0; i < series.Length; i++, sign = -sign)
            series[i] = sign / Enumerable.Range(1, first + (2 * i)).Aggregate(1.0, (product, n) => product * n);
        return series;
    }

    // series[0] + series[1]·x + series[2]·x² + …
    private static double Value(double[] series, double x)
    {
        double sum = 0;
        for (int i = series.Length - 1; i >= 0; i--)
            sum = (sum * x) + series[i];
        return sum;
    }

    private static (double R, double Error, int Quarters) ReduceNear(double x)
    {
        double quarters = Math.Floor((x / (QuarterTurn[0] + QuarterTurn[1])) + 0.5);
        (double r, double first) = Sum(x - (quarters * QuarterTurn[0]), -(quarters * QuarterTurn[1]));
        (r, double second) = Sum(r, -(quarters * QuarterTurn[2]));
        return (r, first + second, (int)((long)quarters & 3));
    }

    private static (double R, double Error, int Quarters) ReduceFar(double x)
    {
        int exponent = Math.ILogB(x);
        BigInteger value = new BigInteger(Math.ScaleB(Math.Abs(x), 52 - exponent)) << (exponent - 52 + FarBits);
        BigInteger turn = FarQuarterTurn.Value;
        BigInteger quarters = ((2 * value) + turn) / (2 * turn);
        BigInteger left = value - (quarters * turn);
        (double r, double rest) = ExactConstants.Split(left, FarBits);
        int count = (int)(quarters & 3);
        return x < 0 ? (-r, -rest, -count & 3) : (r, rest, count);
    }

    // a + b exactly (D. E. Knuth, "The Art of Computer Programming", 4.2.2).
    private static (double Sum, double Error) Sum(double a, double b)
    {
        double sum = a + b, other = sum - a;
        return (sum, (a - (sum - other)) + (b - other));
    }

    // a · b exactly, with halves of 26 bits in the place of a fused multiply-add.
    private static (double Product, double Error) Product(double a, double b)
    {
        const double Splitter = (1 << 27) + 1;
        double product = a * b, x = a * Splitter, y = b * Splitter;
        double aHigh = x - (x - a), bHigh = y - (y - b), aLow = a - aHigh, bLow = b - bHigh;
        return (product, (aLow * bLow) - (product - (aHigh * bHigh) - (aLow * bHigh) - (aHigh * bLow)));
    }

    private static double[] InParts(BigInteger value, int leading)
    {
        (double first, _) = ExactConstants.Split(value, leading: leading);
        int dropped = (int)value.GetBitLength() - leading;
        (double second, double third) = ExactConstants.Split(value - ((value >> dropped) << dropped), leading: leading);
        return [first, second, third];
    }
}
