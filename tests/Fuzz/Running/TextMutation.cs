using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>Damage to text of lines, words and numbers.</summary>
/// <param name="words">Words of the format, put in place of others.</param>
internal sealed partial class TextMutation(params string[] words)
{
    private static readonly string[] Numbers =
        ["0", "-1", "1", "-0", "2147483647", "-2147483648", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808",
            "1e999",
            "NaN", "0.5", "1e-320", "00001", "+3", "99999999999999999999999999"];

    private static readonly string[] Texts =
        ["", " ", "\t", "\"", "\\", "'", ",", ";", "\0", "\u2028", "\uFEFF", "\uD800", "é", "名", "\u202E", "*/", "</summary>", "{0}",
            "\\u0041",
            "\"\"", "\r", "#", "@", "class", "A", "(", ")", "[", "]"];

    /// <summary>A copy with one piece of damage.</summary>
    public byte[] Of(byte[] input, IReadOnlyList<byte[]> others, Random random)
    {
        if (random.Next(8) == 0)
            return ByteMutation.Of(input, others, random);
        string text = Encoding.UTF8.GetString(input);
        string damaged = random.Next(6) switch
        {
            0 => Lines(text, others, random),
            1 or 2 => Replace(text, NumberPattern(), m => Number(m, random), random),
            3 => Replace(text, WordPattern(), _ =>
                words.Length > 0 ? words[random.Next(words.Length)] : Numbers[random.Next(Numbers.Length)],
                random),
            4 => Swap(text, random),
            _ => text.Insert(random.Next(text.Length + 1), Texts[random.Next(Texts.Length)]),
        };
        return Encoding.UTF8.GetBytes(damaged);
    }

    private static string Lines(string text, IReadOnlyList<byte[]> others, Random random)
    {
        List<string> lines = [.. text.Split('\n')];
        int at = random.Next(lines.Count), other = random.Next(lines.Count);
        switch (random.Next(4))
        {
            case 0:
                lines.RemoveAt(at);
                break;
            case 1:
                lines.Insert(other, lines[at]);
                break;
            case 2:
                (lines[at], lines[other]) = (lines[other], lines[at]);
                break;
            default:
                string[] strange = Encoding.UTF8.GetString(others.Count == 0 ? [] : others[random.Next(others.Count)]).Split('\n');
                lines[at] = strange[random.Next(strange.Length)];
                break;
        }
        return string.Join('\n', lines);
    }

    private static string Number(string old, Random random) => random.Next(3) switch
    {
        0 => Numbers[random.Next(Numbers.Length)],
        1 when long.TryParse(old, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value) =>
            unchecked(value + random.Next(-4, 5)).ToString(CultureInfo.InvariantCulture),
        _ => random.Next(300).ToString(CultureInfo.InvariantCulture),
    };

    // A word of the text takes another's place: names become equal, or those of other things.
    private static string Swap(string text, Random random)
    {
        MatchCollection all = WordPattern().Matches(text);
        if (all.Count == 0)
            return text;
        string other = all[random.Next(all.Count)].Value;
        return Replace(text, WordPattern(), _ => other, random);
    }

    private static string Replace(string text, Regex pattern, Func<string, string> replacement, Random random)
    {
        MatchCollection all = pattern.Matches(text);
        if (all.Count == 0)
            return text;
        Match match = all[random.Next(all.Count)];
        return string.Concat(text.AsSpan(0, match.Index), replacement(match.Value), text.AsSpan(match.Index + match.Length));
    }

    [GeneratedRegex("-?[0-9]+")]
    private static partial Regex NumberPattern();

    [GeneratedRegex("[A-Za-z_][A-Za-z0-9_]*")]
    private static partial Regex WordPattern();
}
