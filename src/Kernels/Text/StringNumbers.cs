namespace OptimizerBuild.Kernels;

using global::System;
using global::System.Globalization;

/// <summary>
/// Numbers as text and text as numbers, by the rules of no language (docs/arithmetic.md, Conversions of element types). Element types are
/// those of <see cref="NumericType"/>; texts are codes of the predictor's <see cref="StringPool"/>.
/// </summary>
internal static class StringNumbers
{
    /// <summary>Writes numbers as text.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the numbers.</param>
    /// <param name="output">Arena offset of the codes of the texts.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="from">The numbers' element type.</param>
    public static void Format(Workspace w, int input, int output, int count, int from)
    {
        StringPool pool = StringPool.Of(w);
        Span<int> to = w.ArenaSpan<int>(output, count);
        for (int i = 0; i < to.Length; i++)
        {
            to[i] = pool.Code(from switch
            {
                NumericType.Float64 => Text(w.OperandSpan<double>(input, count)[i], 17),
                NumericType.Float32 => Text(w.OperandSpan<float>(input, count)[i], 8),
                NumericType.Float16 => Text((double)w.OperandSpan<Half>(input, count)[i], 8),
                NumericType.UInt64 => w.OperandSpan<ulong>(input, count)[i].ToString(CultureInfo.InvariantCulture),
                _ => Integer(w, input, count, i, from).ToString(CultureInfo.InvariantCulture),
            });
        }
    }

    /// <summary>Reads numbers from text.</summary>
    /// <param name="w">The workspace.</param>
    /// <param name="input">Operand offset of the codes of the texts.</param>
    /// <param name="output">Arena offset of the numbers.</param>
    /// <param name="count">How many there are.</param>
    /// <param name="to">The numbers' element type.</param>
    public static void Parse(Workspace w, int input, int output, int count, int to)
    {
        StringPool pool = StringPool.Of(w);
        ReadOnlySpan<int> from = w.OperandSpan<int>(input, count);
        for (int i = 0; i < from.Length; i++)
        {
            string text = pool.Text(from[i]);
            switch (to)
            {
                case NumericType.Float64:
                    w.ArenaSpan<double>(output, count)[i] = Real(text);
                    break;
                case NumericType.Float32:
                    w.ArenaSpan<float>(output, count)[i] = Single(text);
                    break;
                case NumericType.Float16:
                    w.ArenaSpan<Half>(output, count)[i] = (Half)Single(text);
                    break;
                case NumericType.UInt64:
                    w.ArenaSpan<ulong>(output, count)[i] = Unsigned(text);
                    break;
                case NumericType.Int64:
                    w.ArenaSpan<long>(output, count)[i] = Signed(text);
                    break;
                case NumericType.Int32 or NumericType.UInt32:
                    w.ArenaSpan<int>(output, count)[i] = unchecked((int)Signed(text));
                    break;
                case NumericType.Int16 or NumericType.UInt16:
                    w.ArenaSpan<short>(output, count)[i] = unchecked((short)Signed(text));
                    break;
                case NumericType.Bool:
                    w.ArenaSpan<byte>(output, count)[i] = Signed(text) != 0 ? (byte)1 : (byte)0;
                    break;
                default:
                    w.ArenaSpan<byte>(output, count)[i] = unchecked((byte)Signed(text));
                    break;
            }
        }
    }

    /// <summary>A number with so many digits at most, as C's <c>%g</c> writes it; NaN, INF and -INF.</summary>
    public static string Text(double value, int digits)
    {
        if (double.IsNaN(value))
            return "NaN";
        if (double.IsInfinity(value))
            return value > 0 ? "INF" : "-INF";

        // d.ddde±xx, correctly rounded.
        string scientific = value.ToString("e" + (digits - 1).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        int at = scientific.IndexOf('e');
        int exponent = int.Parse(scientific.AsSpan(at + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent < -4 || exponent >= digits)
        {
            string power = Math.Abs(exponent).ToString("00", CultureInfo.InvariantCulture);
            return Trimmed(scientific.Substring(0, at)) + (exponent < 0 ? "e-" : "e+") + power;
        }

        bool isNegative = scientific[0] == '-';
        string all = scientific.Substring(isNegative ? 1 : 0, at - (isNegative ? 1 : 0)).Replace(".", "");
        string plain = exponent < 0
            ? "0." + new string('0', -exponent - 1) + all
            : all.Substring(0, exponent + 1) + "." + all.Substring(exponent + 1);
        return (isNegative ? "-" : "") + Trimmed(plain);
    }

    // Without zeros behind the point, and without a point at the end.
    private static string Trimmed(string number) => number.IndexOf('.') < 0 ? number : number.TrimEnd('0').TrimEnd('.');

    private static long Integer(Workspace w, int input, int count, int i, int from) => from switch
    {
        NumericType.Int64 => w.OperandSpan<long>(input, count)[i],
        NumericType.Int32 => w.OperandSpan<int>(input, count)[i],
        NumericType.UInt32 => w.OperandSpan<uint>(input, count)[i],
        NumericType.Int16 => w.OperandSpan<short>(input, count)[i],
        NumericType.UInt16 => w.OperandSpan<ushort>(input, count)[i],
        NumericType.Int8 => w.OperandSpan<sbyte>(input, count)[i],
        _ => w.OperandSpan<byte>(input, count)[i],
    };

    /// <summary>The float32 that a text says; NaN where it says none.</summary>
    public static float Single(string text) =>
        float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) ? value : (float)Word(text);

    /// <summary>The float64 that a text says; NaN where it says none.</summary>
    public static double Real(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double value) ? value : Word(text);

    /// <summary>The integer that a text says, its fraction cut off; the nearest one where it is too large, 0 where it says none.</summary>
    public static long Signed(string text)
    {
        if (long.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out long value))
            return value;
        double real = Real(text);
        return double.IsNaN(real) ? 0 : real >= long.MaxValue ? long.MaxValue : real <= long.MinValue ? long.MinValue : (long)real;
    }

    /// <summary>The integer without a sign that a text says, as <see cref="Signed"/>.</summary>
    public static ulong Unsigned(string text)
    {
        if (ulong.TryParse(text, NumberStyles.Integer, CultureInfo.InvariantCulture, out ulong value))
            return value;
        double real = Real(text);
        return double.IsNaN(real) || real <= 0 ? 0 : real >= ulong.MaxValue ? ulong.MaxValue : (ulong)real;
    }

    // What C's functions take beside digits.
    private static double Word(string text)
    {
        string word = text.Trim().ToLowerInvariant();
        return word is "inf" or "+inf" or "infinity" or "+infinity" ? double.PositiveInfinity
            : word is "-inf" or "-infinity" ? double.NegativeInfinity : double.NaN;
    }
}
