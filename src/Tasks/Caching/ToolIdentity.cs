using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Caching;

/// <summary>
/// Which tools made an output: the compiler's identifiers of their modules, which change with their code and with nothing else. Versions
/// and times of packages do not serve, since two builds of one version differ and NuGet keeps the times of archives.
/// </summary>
internal static class ToolIdentity
{
    private const string Unknown = "unknown";

    /// <summary>The code that makes plans and weights: the tasks and the kernels.</summary>
    public static string OfTasks { get; } = string.Join(
        ' ', ((Type[])[typeof(ToolIdentity), typeof(Workspace)]).Select(t => t.Module.ModuleVersionId.ToString("N")));

    /// <summary>An assembly that is not loaded here.</summary>
    /// <param name="path">Its full path.</param>
    /// <returns>Its module's identifier; <c>unknown</c> where it cannot be read.</returns>
    public static string Of(string path)
    {
        try
        {
            if (!File.Exists(path))
                return Unknown;
            using var image = new PEReader(File.OpenRead(path));
            MetadataReader metadata = image.GetMetadataReader();
            return metadata.GetGuid(metadata.GetModuleDefinition().Mvid).ToString("N");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or BadImageFormatException or InvalidOperationException)
        {
            return Unknown;
        }
    }

}
