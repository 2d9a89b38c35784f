using System.Diagnostics;
using System.Text;

namespace OptimizerBuild.Harness;

/// <summary>Runs the <c>dotnet</c> command and programs that it built, in an environment that does not come from the tests' own host.</summary>
internal static class DotNet
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    /// <summary>Runs <c>dotnet</c>.</summary>
    public static ProcessResult Run(string folder, params string[] arguments) => Start("dotnet", folder, [], arguments);

    /// <summary>Runs a program.</summary>
    public static ProcessResult Start(string program, string folder, (string Name, string Value)[] environment, params string[] arguments)
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

        var output = new StringBuilder();
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => Append(output, e.Data);
        process.ErrorDataReceived += (_, e) => Append(output, e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(Patience))
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{program} {string.Join(' ', arguments)} did not end\n{output}");
        }
        process.WaitForExit();
        return new ProcessResult(process.ExitCode, output.ToString(), program + " " + string.Join(' ', arguments));
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

/// <summary>What a process did.</summary>
internal sealed record ProcessResult(int ExitCode, string Output, string Command)
{
    /// <summary>Whether MSBuild compressed a model in this build, instead of taking it from the cache or finding it up to date.</summary>
    public bool Compressed(string model) => Output.Contains($"Compressing '{model}'.");

    /// <summary>Whether a model's outputs came from the cache.</summary>
    public int FromCache(string model) => Output.Split($"The outputs of '{model}' are taken from the cache.").Length - 1;

    /// <summary>Whether the C# compiler ran.</summary>
    public bool Compiled => Output.Contains("csc.dll") || Output.Contains("/csc ");

    /// <summary>The same result; fails the test where the process failed.</summary>
    public ProcessResult Succeeded()
    {
        Assert.True(ExitCode == 0, $"{Command}\nexit code {ExitCode}\n{Output}");
        return this;
    }

    /// <summary>The same result; fails the test where the output lacks a text.</summary>
    public ProcessResult Says(string text)
    {
        Assert.True(Output.Contains(text), $"{Command}\nsaid nothing of: {text}\n{Output}");
        return this;
    }

    /// <summary>The same result; fails the test where MSBuild did not find a target's outputs up to date.</summary>
    public ProcessResult Skipped(string target) => Says($"Skipping target \"{target}\" because all output files are up-to-date");

    /// <summary>The same result; fails the test where the process did not fail with a code.</summary>
    public ProcessResult FailedWith(string code)
    {
        Assert.True(ExitCode != 0 && Output.Contains($"error {code}:"), $"{Command}\nexit code {ExitCode}, expected {code}\n{Output}");
        return this;
    }
}
