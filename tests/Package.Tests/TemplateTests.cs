using OptimizerBuild.Harness;
using OptimizerBuild.Testing;

namespace OptimizerBuild;

/// <summary>The templates for <c>dotnet new</c>, as they are installed: what they make builds without a change.</summary>
[Collection("package")]
public class TemplateTests(PackedPackage package)
{
    [Fact]
    public void TheConsoleAppBuildsAndIsAsAccurateAsTheBuildSays()
    {
        ConsumerFolder folder = New("console", "my-shoes");
        ProcessResult run = folder.DotNet("my-shoes", "run", "-c", "Release").Succeeded();
        run.Says("fashion-mobilenet").Says("Top-1 of this app on the same");
        Assert.Contains("namespace my_shoes", File.ReadAllText(folder["my-shoes/FashionImages.cs"]), StringComparison.Ordinal);
    }

    [Fact]
    public void TheWebServiceBuilds() => New("web", "Shoes.Service").Build("Shoes.Service").Succeeded().Says("fashion-mobilenet: ");

    [Fact]
    public void ThePageInTheBrowserBuilds() => New("wasm", "ShoePage").Build("ShoePage").Succeeded().Says("fashion-mobilenet: ");

    // A folder in which only this test's templates are known.
    private ConsumerFolder New(string template, string name)
    {
        var folder = new ConsumerFolder(package, "template-" + template);
        string[] hive = ["--debug:custom-hive", folder["hive"]];
        folder.DotNet("", ["new", "install", package.PackTemplates(), .. hive]).Succeeded();
        folder.DotNet("", ["new", "optimizerbuild-" + template, "-n", name, "--package-version", package.Version, .. hive]).Succeeded();
        return folder;
    }
}
