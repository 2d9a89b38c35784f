using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace OptimizerBuild.Operators.Text;

/// <summary>
/// A regular expression of RE2 in .NET's syntax, to be compared with whole strings. The two differ in what they call digits, letters and
/// space (RE2's are those of ASCII), in the end of a line, and in that .NET's strings consist of 16-bit units. RE2's syntax is that of
/// https://github.com/google/re2/wiki/Syntax. In either case .NET's pairs of letters count: RE2 also takes ſ for s.
/// </summary>
/// <param name="Expression">The expression in .NET's syntax, with its anchors.</param>
/// <param name="LooksAround">Whether it looks at characters around a place, which takes .NET's backtracking engine.</param>
internal sealed record Re2Pattern(string Expression, bool LooksAround)
{
    /// <summary>RE2's limit for the numbers of a repetition.</summary>
    private const int MostRepetitions = 1000;

    /// <summary>The expression, ready to run.</summary>
    /// <exception cref="ArgumentException">It is none.</exception>
    /// <exception cref="NotSupportedException">It is too large.</exception>
    public Regex Compile() =>
        new(Expression, RegexOptions.CultureInvariant | (LooksAround ? RegexOptions.None : RegexOptions.NonBacktracking));

    /// <summary>Translates an expression.</summary>
    /// <exception cref="FormatException">It uses what has no counterpart in .NET; the message names it.</exception>
    /// <exception cref="ArgumentException">It is no expression of RE2.</exception>
    public static Re2Pattern Translate(string pattern)
    {
        var translator = new Translator(pattern);
        return new($"\\A(?:{translator.Run()})\\z", translator.LooksAround);
    }

    private sealed class Translator(string pattern)
    {
        private readonly StringBuilder _to = new();
        private readonly Stack<Flags> _groups = new();
        private Flags _flags;
        private int _at;

        [Flags]
        private enum Flags
        {
            None = 0,
            IgnoreCase = 1,
            Lines = 2,
            DotIsAll = 4,
        }

        public bool LooksAround { get; private set; }

        public string Run()
        {
            while (_at < pattern.Length)
                Next(pattern[_at]);
            return _groups.Count == 0 ? _to.ToString() : throw new ArgumentException("a parenthesis is not closed");
        }

        private void Next(char c)
        {
            switch (c)
            {
                case '\\':
                    Escape();
                    break;
                case '[':
                    _at++;
                    Class();
                    break;
                case '(':
                    Group();
                    break;
                case ')':
                    _at++;
                    _flags = _groups.Count > 0 ? _groups.Pop() : throw new ArgumentException("a parenthesis is not opened");
                    _to.Append(')');
                    break;
                case '.':
                    _at++;
                    Fixed(_flags.HasFlag(Flags.DotIsAll) ? CodePoints.All : new CodePoints([('\n', '\n')]).Complement());
                    break;
                case '^':
                    _at++;
                    _to.Append(_flags.HasFlag(Flags.Lines) ? "(?m:^)" : "\\A");
                    break;
                case '$':
                    _at++;
                    _to.Append(_flags.HasFlag(Flags.Lines) ? "(?m:$)" : "\\z");
                    break;
                case '*' or '+' or '?' or '|':
                    _at++;
                    _to.Append(c);
                    break;
                case '{':
                    Repetition();
                    break;
                default:
                    Literal(Character());
                    break;
            }
        }

        private void Repetition()
        {
            Match numbers = Regex.Match(pattern[_at..], @"\A\{([0-9]+)(?:,([0-9]*))?\}", RegexOptions.CultureInvariant);
            if (!numbers.Success)
            {
                Literal(Character());
                return;
            }
            foreach (string number in (string[])[numbers.Groups[1].Value, numbers.Groups[2].Value])
                if (number.Length > 4 || (number.Length > 0 && int.Parse(number, CultureInfo.InvariantCulture) > MostRepetitions))
                    throw new ArgumentException($"{numbers.Value} repeats more than {MostRepetitions} times");
            _at += numbers.Length;
            _to.Append(numbers.Value);
        }

        // Nothing asks what a group has matched.
        private void Group()
        {
            Match named = Regex.Match(pattern[_at..], @"\A\(\?P?<[A-Za-z0-9_]+>", RegexOptions.CultureInvariant);
            Match flags = Regex.Match(pattern[_at..], @"\A\(\?([a-zA-Z]*)(-[a-zA-Z]+)?([:)])", RegexOptions.CultureInvariant);
            bool plain = !pattern.AsSpan(_at).StartsWith("(?", StringComparison.Ordinal);
            if (!plain && !named.Success && !flags.Success)
                throw new ArgumentException("'(?' begins no group of RE2");
            _at += plain ? 1 : named.Success ? named.Length : flags.Length;
            Flags before = _flags;
            if (flags.Success && !plain)
            {
                _flags |= FlagsOf(flags.Groups[1].Value);
                _flags &= ~FlagsOf(flags.Groups[2].Value.TrimStart('-'));
            }
            bool opens = plain || named.Success || flags.Groups[3].Value == ":";
            if (opens)
            {
                _groups.Push(before);
                _to.Append("(?:");
            }
            if ((before ^ _flags).HasFlag(Flags.IgnoreCase))
                _to.Append(_flags.HasFlag(Flags.IgnoreCase) ? "(?i)" : "(?-i)");
        }

        private static Flags FlagsOf(string letters) => letters.Aggregate(Flags.None, (flags, letter) => flags | letter switch
        {
            'i' => Flags.IgnoreCase,
            'm' => Flags.Lines,
            's' => Flags.DotIsAll,
            // Which of several matches is taken does not matter.
            'U' => Flags.None,
            _ => throw new ArgumentException($"'{letter}' is no flag of RE2"),
        });

        private void Escape()
        {
            char kind = _at + 1 < pattern.Length ? pattern[_at + 1] : throw new ArgumentException("it ends with a backslash");
            if (NamedSet(kind) is { } set)
            {
                _at += 2;
                Fixed(char.IsAsciiLetterUpper(kind) ? set.Complement() : set);
                return;
            }
            switch (kind)
            {
                case 'A' or 'z':
                    _at += 2;
                    _to.Append('\\').Append(kind);
                    break;
                case 'b' or 'B':
                    _at += 2;
                    LooksAround = true;
                    string word = CodePoints.Word.Atom();
                    _to.Append("(?-i:").Append(kind == 'b'
                        ? $"(?<={word})(?!{word})|(?<!{word})(?={word})"
                        : $"(?<={word})(?={word})|(?<!{word})(?!{word})").Append(')');
                    break;
                case 'Q':
                    _at += 2;
                    int end = pattern.IndexOf("\\E", _at, StringComparison.Ordinal);
                    for (int stop = end < 0 ? pattern.Length : end; _at < stop;)
                        Literal(Character());
                    _at += end < 0 ? 0 : 2;
                    break;
                default:
                    Literal(EscapedCharacter());
                    break;
            }
        }

        // A capital letter stands for all other characters.
        private static CodePoints? NamedSet(char kind) => kind switch
        {
            'd' or 'D' => CodePoints.Digits,
            's' or 'S' => CodePoints.Space,
            'w' or 'W' => CodePoints.Word,
            'C' => throw new FormatException("single bytes (\\C)"),
            'p' or 'P' => throw new FormatException("classes by Unicode property (\\p)"),
            _ => null,
        };

        private int EscapedCharacter()
        {
            string rest = pattern[(_at + 1)..];
            Match hexadecimal = Regex.Match(
                rest, @"\Ax(?:([0-9A-Fa-f]{2})|\{([0-9A-Fa-f]{1,7})\})", RegexOptions.CultureInvariant);
            if (hexadecimal.Success)
            {
                _at += 1 + hexadecimal.Length;
                int code = Convert.ToInt32(hexadecimal.Groups[1].Value + hexadecimal.Groups[2].Value, 16);
                return code <= 0x10FFFF ? code : throw new ArgumentException($"'\\{hexadecimal.Value}' is no character");
            }
            Match octal = Regex.Match(rest, @"\A(?:0[0-7]{0,2}|[1-7][0-7]{1,2})", RegexOptions.CultureInvariant);
            if (octal.Success)
            {
                _at += 1 + octal.Length;
                return Convert.ToInt32(octal.Value, 8);
            }
            int known = "afnrtv".IndexOf(rest[0], StringComparison.Ordinal);
            if (known >= 0)
            {
                _at += 2;
                return "\a\f\n\r\t\v"[known];
            }
            if (char.IsAsciiLetterOrDigit(rest[0]) || rest[0] >= 0x80)
                throw new ArgumentException($"'\\{rest[0]}' is no escape of RE2");
            _at += 2;
            return rest[0];
        }

        private int Character()
        {
            int code = char.IsSurrogatePair(pattern, _at) ? char.ConvertToUtf32(pattern, _at) : pattern[_at];
            _at += code > 0xFFFF ? 2 : 1;
            return code;
        }

        private void Class()
        {
            bool negated = Skip('^'), ignoresCase = _flags.HasFlag(Flags.IgnoreCase);
            CodePoints named = new([]), without = new([]);
            for (bool first = true; first || !Skip(']'); first = false)
            {
                if (_at >= pattern.Length)
                    throw new ArgumentException("a character class is not closed");
                // What is all but something is so in both cases of that.
                (CodePoints item, bool isComplement) = ClassItem();
                if (!isComplement)
                    named = named.With(item);
                else
                    without = without.With((ignoresCase ? item.InBothCases() : item).Complement());
            }
            if (!negated)
            {
                _to.Append(without.Ranges.Count == 0 ? named.Atom() : $"(?:{named.Atom()}|(?-i:{without.Atom()}))");
                return;
            }
            if (ignoresCase && named.BeyondAscii)
                throw new FormatException("negated classes of characters beyond ASCII in either case");
            Fixed((ignoresCase ? named.InBothCases() : named).With(without).Complement());
        }

        private (CodePoints Set, bool IsComplement) ClassItem()
        {
            Match named = Regex.Match(pattern[_at..], @"\A\[:(\^?)([a-z]+):\]", RegexOptions.CultureInvariant);
            if (named.Success)
            {
                _at += named.Length;
                return (PosixSet(named.Groups[2].Value), named.Groups[1].Length > 0);
            }
            if (pattern[_at] == '\\' && _at + 1 < pattern.Length && NamedSet(pattern[_at + 1]) is { } escaped)
            {
                bool isComplement = char.IsAsciiLetterUpper(pattern[_at + 1]);
                _at += 2;
                return (escaped, isComplement);
            }
            int low = ClassCharacter();
            if (_at + 1 >= pattern.Length || pattern[_at] != '-' || pattern[_at + 1] == ']')
                return (new([(low, low)]), false);
            _at++;
            int high = ClassCharacter();
            return high >= low ? (new([(low, high)]), false) : throw new ArgumentException("a range of characters goes backwards");
        }

        private int ClassCharacter() => pattern[_at] != '\\' ? Character()
            : _at + 1 < pattern.Length ? EscapedCharacter() : throw new ArgumentException("it ends with a backslash");

        private static CodePoints PosixSet(string name) => name switch
        {
            "alnum" => new([('0', '9'), ('A', 'Z'), ('a', 'z')]),
            "alpha" => new([('A', 'Z'), ('a', 'z')]),
            "ascii" => new([(0, 0x7F)]),
            "blank" => new([('\t', '\t'), (' ', ' ')]),
            "cntrl" => new([(0, 0x1F), (0x7F, 0x7F)]),
            "digit" => CodePoints.Digits,
            "graph" => new([('!', '~')]),
            "lower" => new([('a', 'z')]),
            "print" => new([(' ', '~')]),
            "punct" => new([('!', '/'), (':', '@'), ('[', '`'), ('{', '~')]),
            "space" => new([('\t', '\r'), (' ', ' ')]),
            "upper" => new([('A', 'Z')]),
            "word" => CodePoints.Word,
            "xdigit" => new([('0', '9'), ('A', 'F'), ('a', 'f')]),
            _ => throw new ArgumentException($"[:{name}:] is no class of characters"),
        };

        private bool Skip(char c)
        {
            if (_at >= pattern.Length || pattern[_at] != c)
                return false;
            _at++;
            return true;
        }

        private void Literal(int code) => _to.Append(new CodePoints([(code, code)]).Atom());

        // A set that letter case has been taken care of.
        private void Fixed(CodePoints set) =>
            _to.Append(_flags.HasFlag(Flags.IgnoreCase) ? $"(?-i:{set.Atom()})" : set.Atom());
    }
}
