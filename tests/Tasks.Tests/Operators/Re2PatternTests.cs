using System.Text.RegularExpressions;
using OptimizerBuild.Operators.Text;

namespace OptimizerBuild.Operators;

/// <summary>Regular expressions of RE2 in .NET's syntax.</summary>
public class Re2PatternTests
{
    [Theory]
    [InlineData("a", "a", "b|A|aa|")]
    [InlineData("", "", "a")]
    [InlineData("a|bc", "a|bc", "ab|c|abc")]
    [InlineData("a*b+c?", "b|aabbc|bc", "a|c|")]
    [InlineData("a{2}", "aa", "a|aaa")]
    [InlineData("a{1,}b{0,2}", "a|aab|abb", "b|abbb")]
    [InlineData("a{,2}", "a{,2}", "aa")]
    [InlineData("x{", "x{", "x")]
    [InlineData(".", "é|🦊| ", "\n||ab")]
    [InlineData("(?s).", "\n|🦊", null)]
    [InlineData("(?s:.)(?-s:.)", "\na", "a\n")]
    [InlineData(@"\d+", "0|99", "٣|a")]
    [InlineData(@"\D", "٣|a|🦊", "7")]
    [InlineData(@"\w+", "aZ_9", "é|-|")]
    [InlineData(@"\W", "é|-|🦊", "a")]
    [InlineData(@"\s", " |\t|\n|\f|\r", "\v|\u00A0|a")]
    [InlineData("[^a]", "b|🦊|\n", "a|")]
    [InlineData("[🦊-🦝x]", "🦊|🦋|x", "🦄|y")]
    [InlineData("🦊+", "🦊|🦊🦊", null)]
    [InlineData("[[:alpha:]_]+", "a_B", "1|é")]
    [InlineData("[[:^digit:]]", "a|é", "1")]
    [InlineData(@"[\d\-x]+", "1-x", "y|\\")]
    [InlineData("[]a]+", "]a", "b")]
    [InlineData("[a-]", "a|-", "b")]
    [InlineData("(?i)straße", "STRAßE|straße", "strasse")]
    [InlineData("(?i)[^a]", "b|B", "a|A")]
    [InlineData("(?i:a)b", "Ab|ab", "AB")]
    [InlineData("(?i)[[:^lower:]]", "1|é", "a|A")]
    [InlineData("(?i)[[:^upper:]x]", "1|x|X", "a|A")]
    [InlineData(@"(?i)[\W]", "-|é", "a|k|K")]
    [InlineData(@"(?i)[^\W]", "a|k|K", "-|é")]
    [InlineData(@"[^\D]", "7", "a")]
    [InlineData(@"\12\x{000041}", "\nA", null)]
    [InlineData("(?P<n>a)(?<m>b)(c)(?:d)", "abcd", "abc")]
    [InlineData("^a$", "a", "a\n|ba")]
    [InlineData("a$\n", null, "a\n|a")]
    [InlineData("(?m)a$\n^b", "a\nb", "ab")]
    [InlineData(@"\Aa\z", "a", "a\n")]
    [InlineData(@"a\b.*", "a b|a|aé", "ab|a1")]
    [InlineData(@"a\B.*", "ab|a1", "a b|a")]
    [InlineData(@"\Qa.b*\E+", "a.b*|a.b**", "axb")]
    [InlineData(@"\Q(", "(", null)]
    [InlineData(@"\x41\x{1F98A}\101\0", "A🦊A\0", "a")]
    [InlineData(@"\.\\\*\-\/", @".\*-/", "a")]
    [InlineData(@"\a\f\n\r\t\v", "\a\f\n\r\t\v", null)]
    [InlineData("(a*)*b", "aaab|b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")]
    [InlineData("(?U)a+?b", "aab", "a")]
    [InlineData(@"(\W|^)[\w.\-]{0,25}@(yahoo|gmail)\.com(\W|$)", "account@gmail.com", "account@hotmail.com|not email")]
    public void The_same_strings_match(string pattern, string? matching, string? others)
    {
        Regex regex = Re2Pattern.Translate(pattern).Compile();
        Assert.All(matching?.Split('|') ?? [], text => Assert.Matches(regex, text));
        Assert.All(others?.Split('|') ?? [], text => Assert.DoesNotMatch(regex, text));
    }

    [Theory]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("[a")]
    [InlineData("[b-a]")]
    [InlineData("[[:nonsense:]]")]
    [InlineData("*")]
    [InlineData("a**")]
    [InlineData("a{1001}")]
    [InlineData("a{2,1}")]
    [InlineData("\\")]
    [InlineData(@"\1")]
    [InlineData(@"\8")]
    [InlineData(@"\y")]
    [InlineData(@"\x{110000}")]
    [InlineData("(?=a)")]
    [InlineData("(?<=a)")]
    [InlineData("(?x)a")]
    public void What_is_no_expression_of_RE2_is_refused(string pattern) =>
        Assert.ThrowsAny<ArgumentException>(() => Re2Pattern.Translate(pattern).Compile());

    [Theory]
    [InlineData(@"\pL", "\\p")]
    [InlineData(@"[\P{Greek}]", "\\p")]
    [InlineData(@"\C", "\\C")]
    [InlineData("(?i)[^é]", "negated")]
    public void What_has_no_counterpart_is_named(string pattern, string named) =>
        Assert.Contains(named, Assert.Throws<FormatException>(() => Re2Pattern.Translate(pattern)).Message, StringComparison.Ordinal);
}
