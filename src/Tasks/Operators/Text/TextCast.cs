using System.Globalization;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators.Text;

/// <summary>
/// Cast from and to text, as ONNX Runtime does it: floats with 8 digits, doubles with 17, in the form of C's
/// <c>%g</c>; NaN, INF and -INF. What says no number is NaN, or 0 among integers.
/// </summary>
internal static class TextCast
{
    /// <summary>Whether numbers of a type are written and read.</summary>
    public static bool Takes(ElementType element) => element is ElementType.Bool
        || (element != ElementType.String && !element.IsNarrow() && !element.IsNarrowFloat());

    /// <summary>Numbers as text.</summary>
    public static Tensor Format(Tensor numbers) => new(numbers.Type.As(ElementType.String), numbers.Data switch
    {
        bool[] v => Array.ConvertAll(v, x => x ? "1" : "0"),
        float[] v => Array.ConvertAll(v, x => Real(x, 8)),
        Half[] v => Array.ConvertAll(v, x => Real((double)x, 8)),
        double[] v => Array.ConvertAll(v, x => Real(x, 17)),
        _ => (string[])[.. numbers.Data.Cast<IFormattable>().Select(v => v.ToString(null, CultureInfo.InvariantCulture))],
    });

    /// <summary>Text as numbers.</summary>
    public static Tensor Parse(Tensor text, ElementType to)
    {
        string[] texts = text.Values<string>();
        switch (to)
        {
            case ElementType.Float32:
                return new(text.Type.As(to), Array.ConvertAll(texts, t =>
                    float.TryParse(t, NumberStyles.Float, CultureInfo.InvariantCulture, out float v) ? v : (float)Word(t)));
            case ElementType.Float16:
                return NumericCast.Convert(Parse(text, ElementType.Float32), to)!;
            case ElementType.Float64:
                return new(text.Type.As(to), Array.ConvertAll(texts, Parsed));
            case ElementType.UInt64:
                return new(text.Type.As(to), Array.ConvertAll(texts, t => (ulong)BigInteger.Clamp(Whole(t), 0, ulong.MaxValue)));
            case ElementType.Bool:
                return new(text.Type.As(to), Array.ConvertAll(texts, t => !Whole(t).IsZero));
            default:
                long[] whole = Array.ConvertAll(texts, t => (long)BigInteger.Clamp(Whole(t), long.MinValue, long.MaxValue));
                return NumericCast.Convert(new(text.Type.As(ElementType.Int64), whole), to)!;
        }
    }

    private static string Real(double value, int digits)
    {
        if (!double.IsFinite(value))
            return double.IsNaN(value) ? "NaN" : value < 0 ? "-INF" : "INF";
        if (value == 0)
            return double.IsNegative(value) ? "-0" : "0";
        string scientific = value.ToString("E" + (digits - 1), CultureInfo.InvariantCulture);
        string[] parts = scientific.Split('E');
        int exponent = int.Parse(parts[1], CultureInfo.InvariantCulture);
        if (exponent >= -4 && exponent < digits)
            return decimal.Parse(scientific, NumberStyles.Float, CultureInfo.InvariantCulture)
                .ToString("0.############################", CultureInfo.InvariantCulture);
        return parts[0].TrimEnd('0').TrimEnd('.') + (exponent < 0 ? "e-" : "e+") + $"{Math.Abs(exponent):00}";
    }

    private static double Parsed(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double v) ? v : Word(text);

    private static double Word(string text) => text.Trim().ToUpperInvariant() switch
    {
        "INF" or "+INF" or "INFINITY" or "+INFINITY" => double.PositiveInfinity,
        "-INF" or "-INFINITY" => double.NegativeInfinity,
        _ => double.NaN,
    };

    private static BigInteger Whole(string text) =>
        BigInteger.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out BigInteger whole) ? whole
        : Parsed(text) is var real && double.IsNaN(real) ? 0
        : double.IsInfinity(real) ? (real > 0 ? ulong.MaxValue : long.MinValue) : new BigInteger(real);
}
