using System.IO.Compression;
using System.Xml.Linq;
using OptimizerBuild.Harness;

namespace OptimizerBuild;

[Collection("package")]
public class PackageContentTests(PackedPackage package)
{
    [Fact]
    public void HoldsTasksGeneratorPropsTargetsAndReadme()
    {
        using ZipArchive archive = ZipFile.OpenRead(package.File);
        string[] files = [.. archive.Entries.Select(e => e.FullName).Where(n =>
            !n.StartsWith('_') && !n.StartsWith('[') && !n.StartsWith("package/", StringComparison.Ordinal))
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
}
