using System.Runtime.InteropServices;

namespace OptimizerBuild.Bench;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    /// <summary>The processor's name, as the operating system tells it; else its architecture.</summary>
    public static string Processor { get; } = Name();

    private static string Name()
    {
        const string Facts = "/proc/cpuinfo";
        string? line = File.Exists(Facts) ? File.ReadLines(Facts).FirstOrDefault(l => l.StartsWith("model name", StringComparison.Ordinal)) : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
