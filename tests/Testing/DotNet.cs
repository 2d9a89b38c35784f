using System.Diagnostics;
using System.Text;

namespace OptimizerBuild.Testing;

/// <summary>
/// Runs the <c>dotnet</c> command and programs that it built, in an environment that does not come from the tests' own host.
/// </summary>
public static class DotNet
{
    /// <summary>How long a command may take.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Runs <c>dotnet</c>.</summary>
    /// <param name="folder">The working directory.</param>
    /// <param name="arguments">The command and its arguments.</param>
    public static ProcessResult Run(string folder, params string[] arguments) => Start("dotnet", folder, [], arguments);

    /// <summary>Runs a program, for ten minutes at most.</summary>
    /// <param name="program">The program's file, or its name where the system finds it.</param>
    /// <param name="folder">The working directory.</param>
    /// <param name="environment">Variables that are set beside those of this process.</param>
    /// <param name="arguments">The arguments.</param>
    public static ProcessResult Start(
        string program, string folder, (string Name, string Value)[] environment, params string[] arguments) =>
        Start(program, folder, environment, Patience, arguments);

    /// <summary>Runs a program.</summary>
    /// <param name="program">The program's file, or its name where the system finds it.</param>
    /// <param name="folder">The working directory.</param>
    /// <param name="environment">Variables that are set beside those of this process.</param>
    /// <param name="patience">How long it may take.</param>
    /// <param name="arguments">The arguments.</param>
    /// <exception cref="TimeoutException">It took longer, and was ended.</exception>
    public static ProcessResult Start(
        string program, string folder, (string Name, string Value)[] environment, TimeSpan patience, params string[] arguments)
    {
        var output = new StringBuilder();
        using Process process = Begin(program, folder, environment, arguments, output);
        if (!process.WaitForExit(patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end\n{output}");
        }
        process.WaitForExit();
        return new ProcessResult(process.ExitCode, output.ToString(), program + " " + string.Join(' ', arguments));
    }

    /// <summary>Runs <c>dotnet</c> and kills it, with all that it has started, so that none of them can put anything right.</summary>
    /// <param name="folder">The working directory.</param>
    /// <param name="when">Whether the moment has come; asked all the time.</param>
    /// <param name="arguments">The command and its arguments.</param>
    /// <exception cref="InvalidOperationException">It ended before.</exception>
    public static void RunAndKill(string folder, Func<bool> when, params string[] arguments)
    {
        var output = new StringBuilder();
        using Process process = Begin("dotnet", folder, [], arguments, output);
        long beginning = Stopwatch.GetTimestamp();
        while (!when())
        {
            bool isLate = Stopwatch.GetElapsedTime(beginning) > Patience;
            if (isLate)
                process.Kill(entireProcessTree: true);
            if (isLate || process.HasExited)
                throw new InvalidOperationException($"there was nothing to be killed\n{output}");
            Thread.Sleep(1);
        }
        process.Kill(entireProcessTree: true);
        process.WaitForExit();
    }

    private static Process Begin(
        string program, string folder, (string Name, string Value)[] environment, string[] arguments, StringBuilder output)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
        };
        // Variables of the SDK that runs the tests would lead the build under test astray.
        foreach (string name in start.Environment.Keys.Where(IsOfTheHost).ToList())
            start.Environment.Remove(name);
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["DOTNET_NOLOGO"] = "1";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["MSBUILDTERMINALLOGGER"] = "off";
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;

        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Append(output, e.Data);
        process.ErrorDataReceived += (_, e) => Append(output, e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private static bool IsOfTheHost(string name) =>
        name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)
        || name.StartsWith("VSTEST", StringComparison.OrdinalIgnoreCase)
        || (name.StartsWith("DOTNET_", StringComparison.OrdinalIgnoreCase) && name is not ("DOTNET_ROOT" or "DOTNET_CLI_HOME"))
        || name is "COREHOST_TRACE" or "CoreRoot" or "Platform" or "Configuration" or "TargetFramework";

    private static void Append(StringBuilder output, string? line)
    {
        if (line is not null)
            lock (output)
                output.Append(line).Append('\n');
    }
}
