using System.Diagnostics;
using System.Globalization;

namespace OptimizerBuild.Testing;

/// <summary>WebAssembly: apps of the SDK <c>Microsoft.NET.Sdk.WebAssembly</c> run by Node.js, without a browser.</summary>
public static class NodeJs
{
    // Of the first version in which WebAssembly has everything that .NET 10 uses: vectors and exceptions.
    private const int OldestVersion = 18;

    /// <summary>
    /// The module that starts an app with the arguments of the command line, to be written to <c>wwwroot/main.mjs</c> of its project.
    /// </summary>
    public const string MainModule = """
        import { dotnet } from './_framework/dotnet.js';
        const { runMain } = await dotnet.withApplicationArguments(...process.argv.slice(2)).create();
        process.exitCode = await runMain();
        """;

    private static readonly string? Program = SearchPath.Find("node", "nodejs");
    private static readonly Lazy<string?> Reason = new(FindReason, LazyThreadSafetyMode.ExecutionAndPublication);

    /// <summary>Why tests that need Node.js are skipped; null where it is there.</summary>
    public static string? SkipReason => Reason.Value;

    /// <summary>Skips the running test, with the reason, where Node.js is missing or too old.</summary>
    public static void Require() => Assert.SkipWhen(SkipReason is not null, SkipReason ?? "");

    /// <summary>Runs a published app.</summary>
    /// <param name="published">The folder into which it was published.</param>
    /// <param name="arguments">The app's arguments.</param>
    public static ProcessResult Run(string published, params string[] arguments) =>
        DotNet.Start(Program ?? throw new InvalidOperationException(SkipReason), published, [],
            [Path.Combine(published, "wwwroot", "main.mjs"), .. arguments]);

    private static string? FindReason()
    {
        string needs = $"needs Node.js {OldestVersion} or later (Debian's package nodejs)";
        if (Program is null)
            return needs;
        using Process process = Process.Start(new ProcessStartInfo(Program, ["--version"]) { RedirectStandardOutput = true })!;
        string version = process.StandardOutput.ReadToEnd().Trim();
        process.WaitForExit();
        return int.TryParse(version.TrimStart('v').Split('.')[0], NumberStyles.None, CultureInfo.InvariantCulture, out int major)
            && major >= OldestVersion ? null : $"{needs}, and {Program} is {version}";
    }
}
