using System.Globalization;
using System.Text;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Generators.Emission;

/// <summary>How facts are worded in comments, in documentation and in code.</summary>
internal static class Wording
{
    /// <summary>A shape for people: <c>1×28×28×1</c>; a scalar has none.</summary>
    public static string Shape(EquatableList<int> dimensions) =>
        dimensions.Count == 0 ? "scalar" : string.Join("×", dimensions.Select(d => d.ToString(CultureInfo.InvariantCulture)));

    /// <summary>A number for people: <c>5,900,000</c>.</summary>
    public static string Count(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>A count with its noun in singular or plural.</summary>
    public static string Count(long number, string noun) => Count(number) + " " + noun + (number == 1 ? "" : "s");

    /// <summary>An integer in code.</summary>
    public static string Integer(long value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A float in code, of exactly these bits.</summary>
    public static string Float(int bits)
    {
        float value = PlanText.FloatOf(bits);
        return PlanText.Decimal(value) is { } text ? text + "f"
            : float.IsPositiveInfinity(value) ? "float.PositiveInfinity"
            : float.IsNegativeInfinity(value) ? "float.NegativeInfinity"
            : "global::System.BitConverter.Int32BitsToSingle(" + Integer(bits) + ")";
    }

    /// <summary>A double in code; NaN where there is none.</summary>
    public static string Double(double? value) => value is null ? "double.NaN"
        : PlanText.Decimal(value.Value) is { } text ? text + "d"
        : double.IsPositiveInfinity(value.Value) ? "double.PositiveInfinity"
        : double.IsNegativeInfinity(value.Value) ? "double.NegativeInfinity"
        : "double.NaN";

    /// <summary>A metric's figure for people: shares as percentages.</summary>
    public static string Figure(string metric, double value) => metric.StartsWith("Top", StringComparison.Ordinal)
        ? (100 * value).ToString("0.0#", CultureInfo.InvariantCulture) + " %"
        : value.ToString("G4", CultureInfo.InvariantCulture);

    /// <summary>A list of integers as a collection expression.</summary>
    public static string Integers(EquatableList<int> values) => "[" + string.Join(", ", values.Select(v => Integer(v))) + "]";

    /// <summary>A text for documentation: one line, with XML's special characters escaped.</summary>
    public static string Xml(string text)
    {
        var xml = new StringBuilder(text.Length);
        foreach (char c in PlanText.OneLine(text))
        {
            switch (c)
            {
                case '&':
                    xml.Append("&amp;");
                    break;
                case '<':
                    xml.Append("&lt;");
                    break;
                case '>':
                    xml.Append("&gt;");
                    break;
                case '\uFFFE' or '\uFFFF':
                    xml.Append(' ');
                    break;
                default:
                    xml.Append(c);
                    break;
            }
        }
        return xml.ToString();
    }
}
