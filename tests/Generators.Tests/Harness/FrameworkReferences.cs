using Microsoft.CodeAnalysis;

namespace OptimizerBuild.Generators.Tests.Harness;

/// <summary>Reference assemblies for compilations in tests.</summary>
public static class FrameworkReferences
{
    /// <summary>The framework these tests run on, so that what was compiled can be run.</summary>
    public static IReadOnlyList<MetadataReference> Running { get; } = ReadFolder(Path.GetDirectoryName(typeof(object).Assembly.Location)!);

    /// <summary>ASP.NET Core of the same version, where the SDK brings it.</summary>
    public static IReadOnlyList<MetadataReference> AspNetCore => LazyAspNetCore.Value;

    private static Lazy<IReadOnlyList<MetadataReference>> LazyAspNetCore { get; } = new(() =>
        ReadFolder(Path.GetDirectoryName(typeof(object).Assembly.Location)!.Replace("Microsoft.NETCore.App", "Microsoft.AspNetCore.App")));

    /// <summary>The reference assemblies of .NET 8, as a project for net8.0 gets them.</summary>
    public static IReadOnlyList<MetadataReference> Net8 { get; } = ReadPack(8);

    /// <summary>The reference assemblies of .NET 10, as a project for net10.0 gets them.</summary>
    public static IReadOnlyList<MetadataReference> Net10 { get; } = ReadPack(10);

    /// <summary>The reference assemblies of .NET 11, for tests that require its packs.</summary>
    public static IReadOnlyList<MetadataReference> Net11 => LazyNet11.Value;

    private static Lazy<IReadOnlyList<MetadataReference>> LazyNet11 { get; } = new(() => ReadPack(11));

    private static IReadOnlyList<MetadataReference> ReadPack(int version)
    {
        string root = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "..", "..", ".."));
        string packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES")
            ?? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        // A framework's reference assemblies are in the SDK, or were restored when src/Kernels was built for it.
        string[] parents = [Path.Combine(root, "packs", "Microsoft.NETCore.App.Ref"), Path.Combine(packages, "microsoft.netcore.app.ref")];
        foreach (string parent in parents)
        {
            if (!Directory.Exists(parent))
                continue;
            foreach (string pack in Directory.EnumerateDirectories(parent, version + ".*").Order(StringComparer.Ordinal))
            {
                string folder = Path.Combine(pack, "ref", "net" + version + ".0");
                if (Directory.Exists(folder))
                    return ReadFolder(folder);
            }
        }
        throw new InvalidOperationException($"no reference assemblies of .NET {version}: build src/Kernels first");
    }

    private static IReadOnlyList<MetadataReference> ReadFolder(string folder) =>
    [
        .. Directory.EnumerateFiles(folder, "*.dll")
            .Order(StringComparer.Ordinal)
            .Where(IsManaged)
            .Select(file => MetadataReference.CreateFromFile(file)),
    ];

    private static bool IsManaged(string file)
    {
        using FileStream stream = File.OpenRead(file);
        using var reader = new System.Reflection.PortableExecutable.PEReader(stream);
        return reader.HasMetadata;
    }
}
