using System.IO.Compression;
using System.Text.RegularExpressions;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Harness;

/// <summary>
/// Another version of the package, built from changed sources: a kernel has another name, so that plans of the one version do not fit the
/// other one's kernels, packed weights lie elsewhere, and emitted kernels say so. Its files are as old as archives may be.
/// </summary>
internal sealed partial class ChangedPackage
{
    /// <summary>The kernel that has another name, and that name.</summary>
    public const string OldKernel = "Int8Dense", NewKernel = "Int8Perceptron";

    /// <summary>What its emitted kernels say.</summary>
    public const string Header = "A kernel of another OptimizerBuild";

    private static readonly DateTimeOffset Old = new(2001, 2, 3, 4, 5, 6, TimeSpan.Zero);

    /// <summary>Builds and packs it into the feed of the ordinary package.</summary>
    public ChangedPackage(PackedPackage ordinary)
    {
        Version = ordinary.Version.Replace("0.0.1", "0.0.2", StringComparison.Ordinal);
        string folder = Path.Combine(ordinary.Folder, "changed");
        foreach (string file in (string[])["Directory.Build.props", "Directory.Packages.props", "global.json", "README.md", "LICENSE",
            "THIRD-PARTY-NOTICES.txt",
            ".editorconfig"])
            Copy(Path.Combine(SharedAssets.RepositoryRoot, file), Path.Combine(folder, file), text => text);
        string source = Path.Combine(SharedAssets.RepositoryRoot, "src");
        foreach (string file in Directory.EnumerateFiles(source, "*", SearchOption.AllDirectories))
        {
            string relative = Path.GetRelativePath(source, file);
            if (!relative.Split(Path.DirectorySeparatorChar).Any(f => f is "bin" or "obj"))
                Copy(file, Path.Combine(folder, "src", relative.Replace(OldKernel + ".cs", NewKernel + ".cs")), Change);
        }
        DotNet.Run(folder, "pack", Path.Combine("src", "Tasks"), "-c", "Release", "-o", ordinary.Feed, "-p:PackageVersion=" + Version,
            "-p:RunAnalyzers=false", "-nodeReuse:false", "-v:q").Succeeded();
        MakeOld(Path.Combine(ordinary.Feed, $"OptimizerBuild.{Version}.nupkg"));
    }

    /// <summary>Its version.</summary>
    public string Version { get; }

    private static string Change(string text)
    {
        text = KernelName().Replace(text, NewKernel);
        text = text.Replace("A kernel of OptimizerBuild", Header, StringComparison.Ordinal);
        return text.Replace("private const int Alignment = 64;\n\n    private readonly MemoryStream",
            "private const int Alignment = 128;\n\n"
            + "    private readonly MemoryStream", StringComparison.Ordinal);
    }

    private static void Copy(string from, string to, Func<string, string> change)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(to)!);
        if (Path.GetExtension(from) == ".png")
            File.Copy(from, to);
        else
            File.WriteAllText(to, change(File.ReadAllText(from)));
    }

    // NuGet gives files the times of the archive.
    private static void MakeOld(string package)
    {
        using ZipArchive archive = ZipFile.Open(package, ZipArchiveMode.Update);
        foreach (ZipArchiveEntry entry in archive.Entries)
            entry.LastWriteTime = Old;
    }

    [GeneratedRegex("\\b" + OldKernel + "\\b")]
    private static partial Regex KernelName();
}
