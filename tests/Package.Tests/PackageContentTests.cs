using System.IO.Compression;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

[Collection("package")]
public class PackageContentTests(PackedPackage package)
{
    [Fact]
    public void HoldsTasksGeneratorPropsTargetsAndReadme()
    {
        using ZipArchive archive = ZipFile.OpenRead(package.File);
        string[] files = [.. archive.Entries.Select(e => e.FullName).Where(n =>
            !n.StartsWith('_') && !n.StartsWith('[') && !n.StartsWith("package/", StringComparison.Ordinal)
            && !n.StartsWith("docs/", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];

        Assert.Equal(
            [
                "LICENSE",
                "OptimizerBuild.nuspec",
                "README.md",
                "THIRD-PARTY-NOTICES.txt",
                "analyzers/dotnet/cs/OptimizerBuild.Generators.dll",
                "build/OptimizerBuild.Rules.xaml",
                "build/OptimizerBuild.props",
                "build/OptimizerBuild.targets",
                "icon.png",
                "tasks/net10.0/BitMiracle.LibJpeg.NET.dll",
                "tasks/net10.0/Google.Protobuf.dll",
                "tasks/net10.0/OptimizerBuild.Kernels.dll",
                "tasks/net10.0/OptimizerBuild.Tasks.deps.json",
                "tasks/net10.0/OptimizerBuild.Tasks.dll",
                "tasks/net10.0/Sep.dll",
                "tasks/net10.0/StbImageSharp.dll",
                "tasks/net10.0/System.Numerics.Tensors.dll",
                "tasks/net10.0/csFastFloat.dll",
            ],
            files);
    }

    [Fact]
    public void IsADevelopmentDependencyWithoutDependencies()
    {
        using ZipArchive archive = ZipFile.OpenRead(package.File);
        using Stream stream = archive.GetEntry("OptimizerBuild.nuspec")!.Open();
        XElement metadata = XDocument.Load(stream).Root!.Elements().Single();

        Assert.Equal("true", metadata.Elements().Single(e => e.Name.LocalName == "developmentDependency").Value);
        Assert.DoesNotContain(metadata.Descendants(), e => e.Name.LocalName is "dependency" or "group");
        Assert.Equal("README.md", metadata.Elements().Single(e => e.Name.LocalName == "readme").Value);
    }

    /// <summary>What a gallery shows: a licence by its name, the source, a picture, and a page whose links lead somewhere.</summary>
    [Fact]
    public void SaysWhereItComesFrom()
    {
        using ZipArchive archive = ZipFile.OpenRead(package.File);
        using Stream stream = archive.GetEntry("OptimizerBuild.nuspec")!.Open();
        XElement metadata = XDocument.Load(stream).Root!.Elements().Single();
        string Value(string name) => metadata.Elements().Single(e => e.Name.LocalName == name).Value;

        Assert.Equal("MIT", Value("license"));
        Assert.Equal("expression", metadata.Elements().Single(e => e.Name.LocalName == "license").Attribute("type")!.Value);
        Assert.Equal("https://github.com/OptimizerBuild/OptimizerBuild", Value("projectUrl"));
        Assert.Equal("icon.png", Value("icon"));
        XElement repository = metadata.Elements().Single(e => e.Name.LocalName == "repository");
        Assert.Equal(("git", "https://github.com/OptimizerBuild/OptimizerBuild"),
            (repository.Attribute("type")!.Value, repository.Attribute("url")!.Value));

        using var reader = new StreamReader(archive.GetEntry("README.md")!.Open());
        string page = reader.ReadToEnd();
        string[] links = [.. Regex.Matches(page, @"\]\(([^)]*)\)").Select(m => m.Groups[1].Value)];
        Assert.True(links.Length > 20);
        Assert.All(links, link => Assert.StartsWith("https://", link, StringComparison.Ordinal));
        // A gallery shows pictures from there, and not the pages that show them.
        Assert.Contains("https://raw.githubusercontent.com/OptimizerBuild/OptimizerBuild/main/docs/drawing.png", links);
        Assert.Equal(
            Regex.Replace(System.IO.File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, "README.md")), @"\]\([^)]*\)", "]"),
            Regex.Replace(page, @"\]\([^)]*\)", "]"));
    }

    /// <summary>The pages that help links and the items' property pages lead to lie in the package as in the repository.</summary>
    [Fact]
    public void HoldsThePagesForWhoHasNoNetwork()
    {
        using ZipArchive archive = ZipFile.OpenRead(package.File);
        string[] pages =
            [.. archive.Entries.Select(e => e.FullName).Where(n => n.StartsWith("docs/", StringComparison.Ordinal))];
        Assert.Contains("docs/diagnostics.md", pages);
        Assert.Contains("docs/metadata.md", pages);
        Assert.DoesNotContain("docs/roadmap.md", pages);
        foreach (string page in pages)
        {
            using var reader = new StreamReader(archive.GetEntry(page)!.Open());
            Assert.Equal(System.IO.File.ReadAllText(Path.Combine(SharedAssets.RepositoryRoot, page)), reader.ReadToEnd());
        }
    }

    /// <summary>Every assembly that it ships has its notice.</summary>
    [Fact]
    public void NamesWhatItShips()
    {
        using ZipArchive archive = ZipFile.OpenRead(package.File);
        using var reader = new StreamReader(archive.GetEntry("THIRD-PARTY-NOTICES.txt")!.Open());
        string notices = reader.ReadToEnd();
        foreach (ZipArchiveEntry entry in archive.Entries.Where(e =>
            e.Name.EndsWith(".dll", StringComparison.Ordinal) && !e.Name.StartsWith("OptimizerBuild.", StringComparison.Ordinal)))
            Assert.Contains(Path.GetFileNameWithoutExtension(entry.Name), notices, StringComparison.Ordinal);
    }

    [Fact]
    public void TwoPackagesAreEqualByteByByteAndMadeWithoutAWarning()
    {
        string again = package.PackAgain("again");
        Assert.Equal(System.IO.File.ReadAllBytes(package.File), System.IO.File.ReadAllBytes(again));
    }
}
