using System.Text.RegularExpressions;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Harness;

/// <summary>The package as <c>dotnet pack</c> makes it, once for all tests, under a version that no other run has.</summary>
public sealed class PackedPackage : IDisposable
{
    public PackedPackage()
    {
        // Not a folder of links: paths of projects must be those that MSBuild computes.
        Folder = Directory.CreateTempSubdirectory("optimizerbuild-package-").FullName;
        Feed = Path.Combine(Folder, "feed");
        Version = "0.0.1-test." + Path.GetFileName(Folder)["optimizerbuild-package-".Length..].ToLowerInvariant();
        Pack("Tasks", Feed, "nuspec");
    }

    /// <summary>Packs the same once more.</summary>
    /// <param name="name">The name of a folder for it.</param>
    /// <returns>The package file.</returns>
    public string PackAgain(string name)
    {
        string folder = Path.Combine(Folder, name);
        Pack("Tasks", folder, name + "-nuspec");
        return Path.Combine(folder, Path.GetFileName(File));
    }

    /// <summary>Packs the command-line tool into the feed, under the same version.</summary>
    public void PackTool() => Pack("Tool", Feed, "tool-nuspec");

    /// <summary>Packs the templates into the feed, under the same version.</summary>
    public string PackTemplates()
    {
        Pack("Templates", Feed, "templates-nuspec");
        return Path.Combine(Feed, $"OptimizerBuild.Templates.{Version}.nupkg");
    }

    private void Pack(string project, string folder, string nuspec)
    {
        string configuration = Directory.GetParent(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar))!.Name;
        DotNet.Run(SharedAssets.RepositoryRoot, "pack", Path.Combine("src", project), "--no-build", "-c", configuration, "-o", folder,
            "-p:PackageVersion=" + Version, "-p:NuspecOutputPath=" + Path.Combine(Folder, nuspec), "-v:q", "-warnaserror").Succeeded();
    }

    /// <summary>A folder that lives as long as the tests.</summary>
    public string Folder { get; }

    /// <summary>The local feed.</summary>
    public string Feed { get; }

    /// <summary>The package's version.</summary>
    public string Version { get; }

    /// <summary>The package file.</summary>
    public string File => Path.Combine(Feed, $"OptimizerBuild.{Version}.nupkg");

    public void Dispose()
    {
        // Restored beside the packages that other projects use, because those are needed as well: only this run's versions are removed.
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named
            : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        foreach (string package in Directory.Exists(Feed) ? Directory.GetFiles(Feed, "OptimizerBuild*.nupkg") : [])
        {
            Match name = Regex.Match(Path.GetFileNameWithoutExtension(package), @"^(OptimizerBuild(?:\.[A-Za-z]+)?)\.(\d.*)$");
            TryDelete(Path.Combine(packages, name.Groups[1].Value.ToLowerInvariant(), name.Groups[2].Value));
        }
        TryDelete(Folder);
    }

    private static void TryDelete(string folder)
    {
        try
        {
            if (Directory.Exists(folder))
                Directory.Delete(folder, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A left-over temporary folder is no reason to fail.
        }
    }
}

[CollectionDefinition("package")]
public sealed class PackageCollection : ICollectionFixture<PackedPackage>;
