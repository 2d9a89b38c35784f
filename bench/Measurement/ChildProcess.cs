using System.Diagnostics;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>Another process, waited for.</summary>
internal static class ChildProcess
{
    /// <summary>Starts a program, with nothing of the runtime's switches but those given.</summary>
    /// <param name="program">The program.</param>
    /// <param name="arguments">Its arguments.</param>
    /// <param name="switches">Environment variables, for example <c>DOTNET_EnableAVX2=0</c>, separated by spaces.</param>
    /// <param name="folder">Its folder; null: this process's.</param>
    /// <returns>What it wrote.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static string Run(string program, IEnumerable<string> arguments, string switches = "", string? folder = null)
    {
        ProcessStartInfo start = Start(program, arguments, switches);
        start.WorkingDirectory = folder ?? "";
        start.RedirectStandardError = true;
        using Process process = Process.Start(start)!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output : throw new InvalidOperationException(
            $"{program} {string.Join(' ', start.ArgumentList)}: exit code {process.ExitCode}\n{output}\n{errors.Result}");
    }

    /// <summary>From the start of a program to its end.</summary>
    /// <returns>Milliseconds, and what it wrote.</returns>
    public static (double Milliseconds, string Output) Time(string program, IEnumerable<string> arguments)
    {
        ProcessStartInfo start = Start(program, arguments, "");
        long begin = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        double milliseconds = (Stopwatch.GetTimestamp() - begin) * 1e3 / Stopwatch.Frequency;
        return process.ExitCode == 0
            ? (milliseconds, output)
            : throw new InvalidOperationException($"{program}: exit code {process.ExitCode}\n{output}");
    }

    /// <summary>
    /// The first arguments with which this process's program starts the benchmark: under <c>dotnet bench.dll</c> the assembly.
    /// </summary>
    public static string[] Self() =>
        Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(ChildProcess).Assembly.Location] : [];

    private static ProcessStartInfo Start(string program, IEnumerable<string> arguments, string switches)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
        foreach (string name in start.Environment.Keys.Where(IsSwitch).ToArray())
            start.Environment.Remove(name);
        foreach (string assignment in switches.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            string[] parts = assignment.Split('=');
            start.Environment[parts[0]] = parts[1];
        }
        return start;
    }

    private static bool IsSwitch(string name) =>
        name.StartsWith("DOTNET_Enable", StringComparison.Ordinal)
        || name.StartsWith("DOTNET_Tiered", StringComparison.Ordinal)
        || name is "DOTNET_PreferredVectorBitWidth" or "DOTNET_ReadyToRun";
}
