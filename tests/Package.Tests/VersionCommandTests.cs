using System.Text.RegularExpressions;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>The command that gives the repository a new version, on a copy of the files that it changes.</summary>
public sealed class VersionCommandTests : IDisposable
{
    private static readonly string[] Files =
    [
        "Directory.Build.props", "sample-app/sample-app.csproj", "docs/changelog.md",
        "src/Generators/AnalyzerReleases.Shipped.md", "src/Generators/AnalyzerReleases.Unshipped.md",
        "src/Templates/console/.template.config/template.json", "src/Templates/web/.template.config/template.json",
        "src/Templates/wasm/.template.config/template.json", "tests/Generators.Tests/Baselines/Answers.g.cs.txt",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("optimizerbuild-version-").FullName;

    public VersionCommandTests()
    {
        foreach (string file in Files)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(_folder, file))!);
            File.Copy(Path.Combine(SharedAssets.RepositoryRoot, file), Path.Combine(_folder, file));
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void EveryPlaceGetsTheVersion()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "needs bash");
        // Whether or not the repository has some at the moment.
        const string Unshipped = "### New Rules\n\nRule ID | Category\n--------|---------\nOPT9999 | Test\n";
        File.WriteAllText(Path.Combine(_folder, Files[4]), Unshipped);
        string old = Regex.Match(Text("Directory.Build.props"), "<VersionPrefix>(.*)</VersionPrefix>").Groups[1].Value;
        Assert.Contains($"\"{old}\"", Text(Files[^1]), StringComparison.Ordinal);
        Run("98.7.6").Succeeded();
        Assert.Contains("<VersionPrefix>98.7.6</VersionPrefix>", Text("Directory.Build.props"), StringComparison.Ordinal);
        Assert.Contains("Include=\"OptimizerBuild\" Version=\"98.7.6\"", Text("sample-app/sample-app.csproj"), StringComparison.Ordinal);
        Assert.DoesNotContain($"\"{old}\"", Text(Files[^1]), StringComparison.Ordinal);
        foreach (string file in Files[5..^1])
            Assert.Contains("\"defaultValue\": \"98.7.6\"", Text(file), StringComparison.Ordinal);
        Assert.Contains("## Unreleased\n\n## 98.7.6\n", Text("docs/changelog.md"), StringComparison.Ordinal);
        Assert.Empty(Text(Files[4]));
        Assert.Contains("## Release 98.7.6\n\n" + Unshipped, Text(Files[3]),
            StringComparison.Ordinal);

        string[] before = [.. Files.Select(Text)];
        Assert.NotEqual(0, Run("98.7.6").Says("already").ExitCode);
        Assert.NotEqual(0, Run("next").Says("no version").ExitCode);
        Assert.Equal(before, Files.Select(Text));
    }

    private ProcessResult Run(string version) =>
        DotNet.Start("bash", _folder, [], Path.Combine(SharedAssets.RepositoryRoot, ".ci", "version"), version, _folder);

    private string Text(string file) => File.ReadAllText(Path.Combine(_folder, file));
}
