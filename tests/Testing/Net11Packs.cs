using System.Security;
using System.Text.RegularExpressions;

namespace OptimizerBuild.Testing;

/// <summary>
/// .NET 11 for tests: the packs of <c>src/Net11.targets</c>, which a test downloads with what it builds, and without which it is skipped.
/// </summary>
public static class Net11Packs
{
    private static readonly Lazy<string?> Missing = new(Restore);

    /// <summary>Why tests that need the packs are skipped; null where these are there.</summary>
    public static string? SkipReason => Missing.Value;

    /// <summary>An import of the targets, for projects outside the repository.</summary>
    public static string Import =>
        $"""<Import Project="{SecurityElement.Escape(Targets)}" />""";

    private static string Targets => Path.Combine(SharedAssets.RepositoryRoot, "src", "Net11.targets");

    /// <summary>Skips the running test, with the reason, where the packs are missing and cannot be downloaded.</summary>
    public static void Require() => Assert.SkipWhen(SkipReason is not null, SkipReason ?? "");

    /// <summary>
    /// Builds a project of the tests, whose outputs lie apart from those for .NET 10, so that neither build disturbs the other.
    /// </summary>
    /// <param name="project">The project's folder in <c>tests</c>; its assembly is named for it.</param>
    /// <returns>The program, which has its runtime beside it.</returns>
    public static string Build(string project)
    {
        string artifacts = Path.Combine(SharedAssets.RepositoryRoot, "artifacts", "net11", "tests");
        DotNet.Run(SharedAssets.RepositoryRoot, "build", Path.Combine("tests", project), "-c", "Release", "-p:Net11=true",
            "--artifacts-path", artifacts, "-v:m", "-tl:off", "-nodeReuse:false", "-p:UseSharedCompilation=false",
            "-p:RunAnalyzers=false").Succeeded();
        string name = "OptimizerBuild." + project;
        return Path.Combine(artifacts, "bin", name, "release", OperatingSystem.IsWindows() ? name + ".exe" : name);
    }

    // Whatever else a restore may complain about is not for this to judge: it fails in the test's own build.
    private static string? Restore()
    {
        using var project = new TemporaryProject("net11");
        project.Write("probe.csproj", $"""
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <OutputType>Exe</OutputType>
                <TargetFramework>net11.0</TargetFramework>
                <UseCurrentRuntimeIdentifier>true</UseCurrentRuntimeIdentifier>
                <SelfContained>true</SelfContained>
              </PropertyGroup>
              {Import}
            </Project>
            """);
        ProcessResult restored = DotNet.Run(project.Folder, "restore", "-v:m", "-tl:off", "-nodeReuse:false");
        // No source, none that answers, none that has the packs; or a platform for which none are made (Linux with musl).
        Match error = Regex.Match(restored.Output, "error (NU1100|NU1101|NU1102|NU1103|NU1301|NETSDK1082|NETSDK1084): .*");
        return restored.ExitCode != 0 && error.Success
            ? "needs the packs of .NET 11 (Microsoft.NETCore.App.Ref, .Host and .Runtime), which could not be restored: " + error.Value
            : null;
    }
}
