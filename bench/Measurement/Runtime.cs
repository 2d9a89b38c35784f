using System.Diagnostics;
using OptimizerBuild.Bench.Models;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>
/// The runtime on which the benchmark runs. It is a program for net10.0; for another framework it is built anew, kernels included, so that
/// what that framework brings is compiled in, and takes its runtime along.
/// </summary>
internal static class Runtime
{
    /// <summary>The frameworks for which the benchmark can be built, the usual one first.</summary>
    public static readonly string[] Frameworks = ["net10.0", "net11.0"];

    /// <summary>The framework of this process's runtime.</summary>
    public static string Framework { get; } = $"net{Environment.Version.Major}.0";

    /// <summary>Whether this is the usual framework.</summary>
    public static bool IsUsual => Framework == Frameworks[0];

    /// <summary>The runtime's name and version.</summary>
    public static string Name { get; } = $".NET {Environment.Version}";

    /// <summary>Runs the benchmark on another framework's runtime; it shares this one's console.</summary>
    /// <param name="framework">The framework.</param>
    /// <param name="arguments">The command line.</param>
    /// <returns>The process's exit code.</returns>
    /// <exception cref="InvalidOperationException">It cannot be built, for example without a network to restore it from.</exception>
    public static int Run(string framework, IEnumerable<string> arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(Build(framework), arguments))!;
        process.WaitForExit();
        return process.ExitCode;
    }

    // Apart from the usual outputs, so that neither build disturbs the other.
    private static string Build(string framework)
    {
        string repository = Repository.Folder;
        string project = Path.Combine(repository, "bench", "OptimizerBuild.Bench.csproj");
        string property = framework == Frameworks[0] ? "Net11=false" : "Net11=true";
        string artifacts = Path.Combine(repository, "artifacts", framework, "bench");
        Console.WriteLine($"Building the benchmark for {framework} into {Path.GetRelativePath(Environment.CurrentDirectory, artifacts)} …");
        ChildProcess.Run(
            "dotnet", ["build", project, "-c", "Release", "-p:" + property, "--artifacts-path", artifacts, "-nodeReuse:false", "-v:q"]);
        return Path.Combine(
            artifacts, "bin", "OptimizerBuild.Bench", "release", "OptimizerBuild.Bench" + (OperatingSystem.IsWindows() ? ".exe" : ""));
    }
}
