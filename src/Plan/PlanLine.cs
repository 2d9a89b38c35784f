using System.Globalization;
using System.Text;

namespace OptimizerBuild.Plan;

/// <summary>
/// Reads the parts of one line of a plan from left to right. Whatever does not fit ends the reading with
/// <see cref="PlanFormatException"/>, which <see cref="PlanReader"/> turns into its result.
/// </summary>
/// <param name="text">The line, without its end.</param>
/// <param name="number">The line's number, from 1.</param>
internal sealed class PlanLine(string text, int number)
{
    private const int LongestShown = 40;

    private int _position;

    /// <summary>The line's number, from 1.</summary>
    public int Number { get; } = number;

    /// <summary>Whether the line starts with a keyword.</summary>
    public bool StartsWith(string keyword) => text.StartsWith(keyword, StringComparison.Ordinal)
        && (text.Length == keyword.Length || text[keyword.Length] == ' ');

    /// <summary>Goes past a fixed text.</summary>
    public void Skip(string expected)
    {
        if (!TrySkip(expected))
            throw Unexpected("'" + expected + "'");
    }

    /// <summary>Goes past a fixed text if it stands here.</summary>
    public bool TrySkip(string expected)
    {
        if (string.CompareOrdinal(text, _position, expected, 0, expected.Length) != 0)
            return false;
        _position += expected.Length;
        return true;
    }

    /// <summary>Whether something stands here that is neither the end of the line nor a comment.</summary>
    public bool HasMore => _position < text.Length && string.CompareOrdinal(text, _position, " #", 0, 2) != 0;

    /// <summary>Whether a character stands here.</summary>
    public bool IsAt(char c) => _position < text.Length && text[_position] == c;

    /// <summary>The line ends here, or only a comment follows.</summary>
    public void End()
    {
        if (_position != text.Length && !TrySkip(" #"))
            throw Unexpected("the end of the line");
    }

    /// <summary>A string in quotes.</summary>
    public string String()
    {
        if (!TrySkip("\""))
            throw Unexpected("a string in quotes");
        var value = new StringBuilder();
        while (_position < text.Length && text[_position] != '"')
        {
            char c = text[_position++];
            value.Append(c == '\\' ? Escaped() : c);
        }
        Skip("\"");
        return value.ToString();
    }

    /// <summary>A string in quotes that satisfies a condition.</summary>
    public string String(Func<string, bool> condition, string expected)
    {
        int start = _position;
        string value = String();
        return condition(value) ? value : throw UnexpectedAt(start, expected);
    }

    /// <summary>An ASCII identifier: the name of a kernel, a method or an argument.</summary>
    public string Word()
    {
        int start = _position;
        while (_position < text.Length && IsWordCharacter(text[_position], _position == start))
            _position++;
        return _position > start ? text.Substring(start, _position - start) : throw Unexpected("a name");
    }

    /// <summary>One of several words.</summary>
    public T OneOf<T>(params (string Word, T Value)[] choices)
    {
        int start = _position;
        string word = Word();
        foreach ((string candidate, T value) in choices)
            if (candidate == word)
                return value;
        throw UnexpectedAt(start, "one of " + string.Join(", ", choices.Select(c => c.Word)));
    }

    /// <summary>A decimal integer in a range.</summary>
    public long Integer(long minimum = long.MinValue, long maximum = long.MaxValue)
    {
        int start = _position;
        TrySkip("-");
        while (_position < text.Length && text[_position] is >= '0' and <= '9')
            _position++;
        string digits = text.Substring(start, _position - start);
        if (!long.TryParse(digits, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
            throw UnexpectedAt(start, "an integer");
        if (value < minimum || value > maximum)
            throw UnexpectedAt(start, string.Format(CultureInfo.InvariantCulture, "an integer from {0} to {1}", minimum, maximum));
        return value;
    }

    /// <summary>A non-negative <c>int</c>.</summary>
    public int Natural() => (int)Integer(0, int.MaxValue);

    /// <summary>A non-negative integer up to a maximum, or <c>none</c>.</summary>
    public long? OptionalNatural(long maximum) => TrySkip("none") ? null : Integer(0, maximum);

    /// <summary>A list of integers in brackets.</summary>
    public EquatableList<int> Integers(int minimum = int.MinValue)
    {
        Skip("[");
        var values = new List<int>();
        if (!TrySkip("]"))
        {
            do
                values.Add((int)Integer(minimum, int.MaxValue));
            while (TrySkip(", "));
            Skip("]");
        }
        return new(values);
    }

    /// <summary>Exactly so many upper-case hexadecimal digits.</summary>
    public ulong Hexadecimal(int digits)
    {
        int start = _position;
        ulong value = 0;
        for (int i = 0; i < digits; i++)
        {
            char c = _position < text.Length ? text[_position] : ' ';
            int digit = c is >= '0' and <= '9' ? c - '0' : c is >= 'A' and <= 'F' ? c - 'A' + 10 : -1;
            if (digit < 0)
                throw UnexpectedAt(start, digits.ToString(CultureInfo.InvariantCulture) + " upper-case hexadecimal digits");
            value = (value << 4) | (uint)digit;
            _position++;
        }
        return value;
    }

    /// <summary>A double as its bits, or <c>none</c>.</summary>
    public double? OptionalReal()
    {
        if (TrySkip("none"))
            return null;
        Skip("d:");
        return BitConverter.Int64BitsToDouble(unchecked((long)Hexadecimal(16)));
    }

    /// <summary>What stands here is not what should stand here.</summary>
    public PlanFormatException Unexpected(string expected) => UnexpectedAt(_position, expected);

    /// <summary>What the line says cannot be.</summary>
    public PlanFormatException Contradiction(string expected, string found) => new(Number, expected, found);

    private static bool IsWordCharacter(char c, bool first) =>
        c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or '_' || (!first && c is >= '0' and <= '9');

    private PlanFormatException UnexpectedAt(int position, string expected)
    {
        if (position >= text.Length)
            return new PlanFormatException(Number, expected, "the end of the line");
        string rest = text.Substring(position, Math.Min(LongestShown, text.Length - position));
        return new PlanFormatException(Number, expected, "'" + PlanText.OneLine(rest) + "'");
    }

    private char Escaped()
    {
        char c = _position < text.Length ? text[_position++] : throw Unexpected("an escaped character");
        switch (c)
        {
            case '"' or '\\':
                return c;
            case 'n':
                return '\n';
            case 'r':
                return '\r';
            case 't':
                return '\t';
            case 'u':
                return (char)Hexadecimal(4);
            default:
                _position--;
                throw Unexpected("an escape (\\\", \\\\, \\n, \\r, \\t or \\u and four digits)");
        }
    }
}

/// <summary>A line of a plan is not what it should be; does not leave <see cref="PlanReader"/>.</summary>
/// <param name="line">The line's number, from 1.</param>
/// <param name="expected">What should stand there.</param>
/// <param name="found">What stands there.</param>
internal sealed class PlanFormatException(int line, string expected, string found)
    : Exception(string.Format(CultureInfo.InvariantCulture, "line {0}: expected {1}, found {2}", line, expected, found))
{
    /// <summary>The line's number, from 1.</summary>
    public int Line { get; } = line;
}
