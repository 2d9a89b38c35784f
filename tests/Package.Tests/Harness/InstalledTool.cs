using OptimizerBuild.Testing;

namespace OptimizerBuild.Harness;

/// <summary>The command-line tool, installed from the local feed once for all tests.</summary>
public sealed class InstalledTool
{
    private readonly Lazy<string> _program;

    public InstalledTool(PackedPackage package)
    {
        Folder = new ConsumerFolder(package, "tool");
        _program = new(() =>
        {
            package.PackTool();
            Folder.DotNet("", "tool", "install", "OptimizerBuild.Tool", "--version", package.Version, "--tool-path", "bin").Succeeded();
            return Path.Combine(Folder.Root, "bin", OperatingSystem.IsWindows() ? "optimizerbuild.exe" : "optimizerbuild");
        });
    }

    /// <summary>The folder in which its commands run.</summary>
    internal ConsumerFolder Folder { get; }

    /// <summary>Runs a command.</summary>
    public ProcessResult Run(params string[] arguments) => DotNet.Start(_program.Value, Folder.Root, [], arguments);
}
