using System.Text;
using System.Text.RegularExpressions;

namespace OptimizerBuild.Fuzz.Running;

/// <summary>The words of a message without what changes from input to input: names in quotes and numbers.</summary>
internal static partial class MessageShape
{
    private const int Longest = 120;

    /// <summary>The words.</summary>
    public static string Of(string message)
    {
        string text = Numbers().Replace(Quoted().Replace(message, "'…'"), "0");
        var shape = new StringBuilder();
        foreach (char c in text.AsSpan(0, Math.Min(text.Length, Longest)))
            shape.Append(char.IsAscii(c) && !char.IsControl(c) ? c : '?');
        return shape.ToString();
    }

    [GeneratedRegex("'[^']*'|\"[^\"]*\"|\\([^)]*\\)")]
    private static partial Regex Quoted();

    [GeneratedRegex("-?[0-9][0-9a-fA-F.,E+]*")]
    private static partial Regex Numbers();
}
