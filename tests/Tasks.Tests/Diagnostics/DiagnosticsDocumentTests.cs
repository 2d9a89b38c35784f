using System.Text;
using System.Text.RegularExpressions;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Diagnostics;

public partial class DiagnosticsDocumentTests
{
    [Fact]
    public void DocumentationIsTheCatalogue()
    {
        var text = new StringBuilder();
        text.Append("""
            # Diagnostics

            Generated from the catalogue in `src/Tasks/Diagnostics`; a test keeps the two equal. Codes are stable: a retired one is never used
            again. Warnings and errors can be handled by their codes as those of the compiler, for example with `NoWarn` or `WarningsAsErrors`.

            | Code | Severity | Title |
            |---|---|---|

            """.ReplaceLineEndings("\n"));
        foreach (DiagnosticDescriptor descriptor in DiagnosticCatalog.All)
            text.Append($"| [{descriptor.Code}](#{descriptor.Code.ToLowerInvariant()}) | "
                + $"{descriptor.Severity.ToString().ToLowerInvariant()} | {descriptor.Title} |\n");
        foreach (DiagnosticDescriptor descriptor in DiagnosticCatalog.All)
        {
            text.Append($"\n## {descriptor.Code}\n\n**{descriptor.Title}** ({descriptor.Severity.ToString().ToLowerInvariant()})\n\n");
            text.Append($"> {Placeholder().Replace(descriptor.Format, "…")}\n\n"
                + $"*Cause.* {descriptor.Cause}\n\n*Remedy.* {descriptor.Remedy}\n");
        }
        Baseline.Compare("docs/diagnostics.md", text.ToString());
    }

    [Fact]
    public void CodesAreUnique() => Assert.Equal(DiagnosticCatalog.All.Count, DiagnosticCatalog.All.Select(d => d.Code).Distinct().Count());

    [Fact]
    public void TextsCanBeFilledIn()
    {
        foreach (DiagnosticDescriptor descriptor in DiagnosticCatalog.All)
        {
            int arguments = Placeholder().Matches(descriptor.Format).Select(m => int.Parse(m.Groups[1].Value) + 1).DefaultIfEmpty().Max();
            string text = Diagnostic.Of(descriptor, null, [.. Enumerable.Range(0, arguments).Select(i => (object)$"<argument {i}>")]).Text;
            for (int i = 0; i < arguments; i++)
                Assert.True(text.Contains($"<argument {i}>"), $"{descriptor.Code} does not use its argument {i}");
            Assert.True(descriptor.Cause.Length > 0 && descriptor.Remedy.Length > 0 && descriptor.Title.Length > 0, descriptor.Code);
        }
    }

    [Fact]
    public void EveryCodeIsExpectedBySomeTest()
    {
        string tests = Path.Combine(SharedAssets.RepositoryRoot, "tests");
        string self = nameof(DiagnosticsDocumentTests) + ".cs";
        var sources = Directory.EnumerateFiles(tests, "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}") && Path.GetFileName(f) != self)
            .Select(File.ReadAllText).ToList();
        var fields = typeof(DiagnosticCatalog).GetFields().Where(f => f.FieldType == typeof(DiagnosticDescriptor))
            .ToDictionary(f => ((DiagnosticDescriptor)f.GetValue(null)!).Code, f => nameof(DiagnosticCatalog) + "." + f.Name);
        string[] missing =
        [
            .. DiagnosticCatalog.All.Select(d => d.Code)
                .Where(code => !sources.Any(s => s.Contains('"' + code + '"') || Mentions(s, fields[code]))),
        ];
        Assert.True(missing.Length == 0, "no test expects " + string.Join(", ", missing));
    }

    private static bool Mentions(string source, string field)
    {
        for (int at = source.IndexOf(field, StringComparison.Ordinal); at >= 0; at = source.IndexOf(field, at + 1,
            StringComparison.Ordinal))
            if (at + field.Length == source.Length || !char.IsLetterOrDigit(source[at + field.Length]))
                return true;
        return false;
    }

    [GeneratedRegex(@"\{(\d+)\}")]
    private static partial Regex Placeholder();
}
