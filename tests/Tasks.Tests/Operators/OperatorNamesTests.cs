using System.Text.RegularExpressions;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Operators;

/// <summary>Nobody but an operator's own file knows its name or its attributes' names: the source text of the build is searched.</summary>
public sealed class OperatorNamesTests
{
    // The importer unrolls If, which is no operator here.
    private const string Allowed = "proto.OpType == \"If\"";

    private static readonly Regex ByName = new(
        """\.Is\("|OpType\s*(==|!=)\s*"|OpType\s+is\s+(not\s*)?\(?"|OpType\s+switch|switch\s*\([\w.]*OpType\)"""
            + """|OpType\.(Equals|StartsWith|EndsWith|Contains)\(|Contains\([\w.]*OpType\)""",
        RegexOptions.CultureInvariant);

    private static readonly Regex RawAttribute = new(
        """\b[nN]ode\)?\.(Int|Ints|Float|Text|Has|With|Without)\(\s*"|Attributes\[\s*"|Attributes\.GetValueOrDefault\(\s*["]""",
        RegexOptions.CultureInvariant);

    [Fact]
    public void NoFileAsksForAnOperatorByName() =>
        Assert.DoesNotContain(Lines(_ => true), l => ByName.IsMatch(l.Text) && !l.Text.Contains(Allowed, StringComparison.Ordinal));

    /// <summary>
    /// Rules for older opsets read attributes that no operator has any more, expansions those of operators that are none here.
    /// </summary>
    [Fact]
    public void NoFileSpellsAnAttributeOfAnOperator() =>
        Assert.DoesNotContain(
            Lines(f => !f.StartsWith("Operators/", StringComparison.Ordinal) && !f.StartsWith("Onnx/Opsets/", StringComparison.Ordinal)
                && !f.StartsWith("Onnx/Expansions/", StringComparison.Ordinal)),
            l => RawAttribute.IsMatch(l.Text));

    [Fact]
    public void TheSearchFindsWhatItIsFor()
    {
        Assert.Matches(ByName, "if (node.OpType is \"Add\" or \"Mul\")");
        Assert.Matches(ByName, "switch (node.OpType)");
        Assert.Matches(ByName, "if (node.Is(\"Add\"))");
        Assert.Matches(ByName, "return Followers.Contains(node.OpType);");
        Assert.Matches(RawAttribute, "int axis = node.Int(\"axis\", 0);");
        Assert.Matches(RawAttribute, "bool last = Source.Node.Has(\"channels_last\");");
    }

    private static IEnumerable<(string Place, string Text)> Lines(Func<string, bool> among)
    {
        string root = Path.Combine(SharedAssets.RepositoryRoot, "src", "Tasks");
        string[] files = [.. Directory.EnumerateFiles(root, "*.cs", SearchOption.AllDirectories)
            .Select(f => Path.GetRelativePath(root, f).Replace('\\', '/'))
            .Where(f => !f.StartsWith("obj/", StringComparison.Ordinal) && !f.StartsWith("bin/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];
        Assert.True(files.Length > 200);
        return files.Where(among).SelectMany(f => File.ReadLines(Path.Combine(root, f)).Select((text, i) => ($"{f}:{i + 1}", text)));
    }
}
