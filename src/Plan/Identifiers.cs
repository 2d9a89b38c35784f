using System.Globalization;
using System.Text;

namespace OptimizerBuild.Plan;

/// <summary>
/// Makes C# identifiers out of arbitrary names (C# specification, section 6.4.3). Letters of every script stay; other characters
/// separate words. Identifiers are kept without <c>@</c>; <see cref="Escape"/> adds it in generated code where one is a keyword.
/// </summary>
internal static class Identifiers
{
    private const int LongestIdentifier = 120;

    private static readonly HashSet<string> Keywords = new(StringComparer.Ordinal)
    {
        "abstract", "as", "base", "bool", "break", "byte", "case", "catch", "char", "checked", "class", "const", "continue", "decimal",
        "default", "delegate", "do", "double", "else", "enum", "event", "explicit", "extern", "false", "finally", "fixed", "float", "for",
        "foreach", "goto", "if", "implicit", "in", "int", "interface", "internal", "is", "lock", "long", "namespace", "new", "null",
        "object", "operator", "out", "override", "params", "private", "protected", "public", "readonly", "ref", "return", "sbyte",
        "sealed", "short", "sizeof", "stackalloc", "static", "string", "struct", "switch", "this", "throw", "true", "try", "typeof",
        "uint", "ulong", "unchecked", "unsafe", "ushort", "using", "virtual", "void", "volatile", "while",
    };

    // Words that are keywords in some places only, among them the places where a class or namespace of that name would be mentioned.
    private static readonly HashSet<string> ContextualKeywords = new(StringComparer.Ordinal)
    {
        "allows", "async", "await", "dynamic", "extension", "field", "file", "global", "managed", "nameof", "nint", "notnull", "nuint",
        "partial", "record", "required", "scoped", "unmanaged", "union", "var", "when", "where", "with", "yield",
    };

    /// <summary>An identifier in Pascal case: <c>fashion-mobilenet</c> becomes <c>FashionMobilenet</c>.</summary>
    /// <param name="name">Any text.</param>
    /// <param name="fallback">What stands for a name without letters and digits, and in front of a leading digit.</param>
    public static string Pascal(string name, string fallback)
    {
        var text = new StringBuilder(name.Length);
        bool start = true;
        foreach (char c in name)
        {
            if (!IsPart(c) || c == '_')
            {
                start = true;
                continue;
            }
            if (text.Length == LongestIdentifier)
                break;
            text.Append(start ? char.ToUpperInvariant(c) : c);
            start = false;
        }
        return Started(text.ToString(), fallback);
    }

    /// <summary>An identifier in camel case: <c>Input.Ids</c> becomes <c>inputIds</c>, <c>INPUT</c> becomes <c>input</c>.</summary>
    /// <param name="name">Any text.</param>
    /// <param name="fallback">What stands for a name without letters and digits, and in front of a leading digit.</param>
    public static string Camel(string name, string fallback)
    {
        char[] text = Pascal(name, fallback).ToCharArray();
        int firstWord = FirstWordLength(name);
        for (int i = 0; i < text.Length && char.IsUpper(text[i]); i++)
        {
            // The last capital of a run starts the next word (IOStream → ioStream), unless the run is the whole first word.
            if (i > 0 && i + 1 < text.Length && i < firstWord - 1 && char.IsLower(text[i + 1]))
                break;
            if (i > 0 && i >= firstWord)
                break;
            text[i] = char.ToLowerInvariant(text[i]);
        }
        return new string(text);
    }

    /// <summary>A namespace: every part between dots an identifier; empty stays empty.</summary>
    public static string Namespace(string name) =>
        string.Join(".", name.Split('.').Select(part => IsIdentifier(part) ? part : Sanitised(part)).Where(part => part.Length > 0));

    /// <summary>Names made unique: each later equal name gets the first free number, from 2.</summary>
    /// <param name="names">The names wished for, in order of priority.</param>
    /// <param name="taken">Names that may not be used.</param>
    public static IReadOnlyList<string> Unique(IEnumerable<string> names, IEnumerable<string> taken)
    {
        var used = new HashSet<string>(taken, StringComparer.Ordinal);
        var unique = new List<string>();
        foreach (string name in names)
        {
            string candidate = name;
            for (int n = 2; !used.Add(candidate); n++)
                candidate = name + n.ToString(CultureInfo.InvariantCulture);
            unique.Add(candidate);
        }
        return unique;
    }

    /// <summary>Whether a text is a C# identifier, keywords included (see <see cref="Escape"/>).</summary>
    public static bool IsIdentifier(string text) => text.Length > 0 && IsStart(text[0]) && text.All(IsPart);

    /// <summary>The identifier as it must be written in code: keywords with <c>@</c>.</summary>
    public static string Escape(string identifier) =>
        Keywords.Contains(identifier) || ContextualKeywords.Contains(identifier) ? "@" + identifier : identifier;

    private static string Sanitised(string part)
    {
        var text = new StringBuilder(part.Length + 1);
        foreach (char c in part)
            text.Append(IsPart(c) ? c : '_');
        return text.Length > 0 && !IsStart(text[0]) ? "_" + text : text.ToString();
    }

    private static string Started(string text, string fallback) => text.Length == 0 ? fallback : IsStart(text[0]) ? text : fallback + text;

    private static int FirstWordLength(string name)
    {
        int start = 0;
        while (start < name.Length && (!IsPart(name[start]) || name[start] == '_'))
            start++;
        int end = start;
        while (end < name.Length && IsPart(name[end]) && name[end] != '_')
            end++;
        return end - start;
    }

    private static bool IsStart(char c) => c == '_' || IsLetter(c);

    private static bool IsPart(char c) => IsStart(c) || char.GetUnicodeCategory(c)
        is UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;

    private static bool IsLetter(char c) => char.GetUnicodeCategory(c)
        is UnicodeCategory.UppercaseLetter or UnicodeCategory.LowercaseLetter or UnicodeCategory.TitlecaseLetter
        or UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber;
}
