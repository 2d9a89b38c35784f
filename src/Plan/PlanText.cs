using System.Globalization;
using System.Text;

namespace OptimizerBuild.Plan;

/// <summary>
/// How single values are spelled in the plan's text form and in generated code: independent of culture, host and runtime.
/// </summary>
internal static class PlanText
{
    /// <summary>A string in quotes. Control characters, line separators and unpaired surrogates are escaped, so that a value always
    /// stays on its line and survives UTF-8; everything else stays readable. Also a valid C# string literal.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2).Append('"');
        for (int i = 0; i < value.Length; i++)
        {
            char c = value[i];
            if (c is '"' or '\\')
                text.Append('\\').Append(c);
            else if (c == '\n')
                text.Append("\\n");
            else if (c == '\r')
                text.Append("\\r");
            else if (c == '\t')
                text.Append("\\t");
            else if (char.IsHighSurrogate(c) && i + 1 < value.Length && char.IsLowSurrogate(value[i + 1]))
                text.Append(c).Append(value[++i]);
            else if (char.IsSurrogate(c) || BreaksLine(c) || TurnsText(c) || c == '\uFEFF')
                text.Append("\\u").Append(((int)c).ToString("X4", CultureInfo.InvariantCulture));
            else
                text.Append(c);
        }
        return text.Append('"').ToString();
    }

    /// <summary>Whether a character may not stand in a line of text: C# ends a line at more characters than <c>\n</c>.</summary>
    public static bool BreaksLine(char c) => char.IsControl(c) || c is '\u2028' or '\u2029';

    /// <summary>
    /// Whether a character changes the direction in which those around it are shown (Unicode Standard Annex 9): names with such characters
    /// could make generated code look other than it is.
    /// </summary>
    public static bool TurnsText(char c) =>
        c is '\u061C' or '\u200E' or '\u200F' or (>= '\u202A' and <= '\u202E') or (>= '\u2066' and <= '\u2069');

    /// <summary>A value's text for a comment: on one line whatever it contains.</summary>
    public static string OneLine(string value)
    {
        StringBuilder? text = null;
        for (int i = 0; i < value.Length; i++)
        {
            if (BreaksLine(value[i]) || TurnsText(value[i]) || (char.IsSurrogate(value[i]) && !PairedAt(value, i)))
                (text ??= new StringBuilder(value))[i] = ' ';
        }
        return text?.ToString() ?? value;
    }

    /// <summary>The bits of a float.</summary>
    public static int BitsOf(float value) => BitConverter.ToInt32(BitConverter.GetBytes(value), 0);

    /// <summary>The float with these bits.</summary>
    public static float FloatOf(int bits) => BitConverter.ToSingle(BitConverter.GetBytes(bits), 0);

    /// <summary>
    /// A short decimal that every correct reader turns into exactly this float; null for NaN and the infinities. Digits are added
    /// until the decimal lies well inside the float's rounding interval, so that a reader that rounds twice gets it right, too;
    /// nine digits always do. Formatting goes through double, whose first fifteen digits every runtime prints correctly.
    /// </summary>
    public static string? Decimal(float value)
    {
        if (float.IsNaN(value) || float.IsInfinity(value))
            return null;
        if (value == 0)
            return BitsOf(value) == 0 ? "0" : "-0";
        int magnitude = BitsOf(value) & int.MaxValue;
        double exact = value;
        double below = Math.Abs(exact) - FloatOf(magnitude - 1);
        double above = FloatOf(magnitude + 1) - Math.Abs(exact);
        double margin = 0.45 * Math.Min(below, above);
        for (int digits = 1; digits < 9; digits++)
        {
            string text = exact.ToString("G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (Math.Abs(double.Parse(text, NumberStyles.Float, CultureInfo.InvariantCulture) - exact) < margin)
                return text;
        }
        return exact.ToString("G9", CultureInfo.InvariantCulture);
    }

    /// <summary>The shortest decimal that reads back as exactly this double; null for NaN and the infinities.</summary>
    public static string? Decimal(double value)
    {
        if (double.IsNaN(value) || double.IsInfinity(value))
            return null;
        if (value == 0)
            return BitConverter.DoubleToInt64Bits(value) == 0 ? "0" : "-0";
        for (int digits = 1; digits < 17; digits++)
        {
            string text = value.ToString("G" + digits.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
            if (double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double back) && back == value)
                return text;
        }
        return value.ToString("G17", CultureInfo.InvariantCulture);
    }

    private static bool PairedAt(string value, int i) => char.IsHighSurrogate(value[i])
        ? i + 1 < value.Length && char.IsLowSurrogate(value[i + 1])
        : i > 0 && char.IsHighSurrogate(value[i - 1]);
}
