using System.Globalization;
using System.Text;

namespace OptimizerBuild.Operators.Text;

/// <summary>
/// A set of Unicode characters, as an atom of .NET's regular expressions, which see strings as 16-bit units: a character beyond U+FFFF is
/// two of them.
/// </summary>
/// <param name="Ranges">First and last characters.</param>
internal sealed record CodePoints(IReadOnlyList<(int First, int Last)> Ranges)
{
    private const int Greatest = 0x10FFFF;

    /// <summary>Every character.</summary>
    public static CodePoints All { get; } = new([(0, Greatest)]);

    /// <summary>The digits 0 to 9.</summary>
    public static CodePoints Digits { get; } = new([('0', '9')]);

    /// <summary>White space of ASCII but for the vertical tab, as RE2's <c>\s</c> has it.</summary>
    public static CodePoints Space { get; } = new([('\t', '\n'), ('\f', '\r'), (' ', ' ')]);

    /// <summary>Letters and digits of ASCII and the underscore.</summary>
    public static CodePoints Word { get; } = new([('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]);

    /// <summary>Whether it holds characters beyond ASCII.</summary>
    public bool BeyondAscii => Ranges.Any(r => r.Last >= 0x80);

    /// <summary>Both sets.</summary>
    public CodePoints With(CodePoints other) => new([.. Ranges, .. other.Ranges]);

    /// <summary>All other characters.</summary>
    public CodePoints Complement()
    {
        var gaps = new List<(int First, int Last)>();
        int next = 0;
        foreach ((int first, int last) in Ranges.OrderBy(r => r.First))
        {
            if (first > next)
                gaps.Add((next, first - 1));
            next = Math.Max(next, last + 1);
        }
        if (next <= Greatest)
            gaps.Add((next, Greatest));
        return new(gaps);
    }

    /// <summary>The set with both cases of each letter of ASCII.</summary>
    public CodePoints InBothCases() => new([
        .. Ranges,
        .. Ranges.Select(r => (Math.Max(r.First, 'a') - 32, Math.Min(r.Last, 'z') - 32)).Where(r => r.Item1 <= r.Item2),
        .. Ranges.Select(r => (Math.Max(r.First, 'A') + 32, Math.Min(r.Last, 'Z') + 32)).Where(r => r.Item1 <= r.Item2),
    ]);

    /// <summary>The set as an atom: a class of units, and pairs of surrogates where it has some.</summary>
    public string Atom()
    {
        var units = new StringBuilder();
        var pairs = new List<string>();
        foreach ((int first, int last) in Ranges)
        {
            // A surrogate by itself is no character.
            Units(first, Math.Min(last, 0xD7FF));
            Units(Math.Max(first, 0xE000), Math.Min(last, 0xFFFF));
            for (int from = Math.Max(first, 0x10000); from <= last;)
            {
                // As many whole rows of 1,024 as there are, or the part of one.
                int high = (from - 0x10000) >> 10;
                bool whole = ((from - 0x10000) & 0x3FF) == 0 && last - from >= 0x3FF;
                int rows = whole ? (last + 1 - from) >> 10 : 1;
                int to = whole ? from + (rows << 10) - 1 : Math.Min(last, 0x10000 + (high << 10) + 0x3FF);
                pairs.Add($"[{Unit(0xD800 + high)}-{Unit(0xD800 + high + rows - 1)}]"
                    + $"[{Unit(0xDC00 + ((from - 0x10000) & 0x3FF))}-{Unit(0xDC00 + ((to - 0x10000) & 0x3FF))}]");
                from = to + 1;
            }
        }
        IEnumerable<string> alternatives = units.Length > 0 ? pairs.Prepend($"[{units}]") : pairs;
        string all = string.Join('|', alternatives);
        // What no string holds.
        return all.Length == 0 ? "[^\\u0000-\\uFFFF]" : pairs.Count == 0 ? all : $"(?:{all})";

        void Units(int first, int last)
        {
            if (first <= last)
                units.Append(Unit(first)).Append('-').Append(Unit(last));
        }
    }

    private static string Unit(int code) => "\\u" + code.ToString("X4", CultureInfo.InvariantCulture);
}
