using System.Runtime.InteropServices;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Bench.Measurement;

/// <summary>What the figures were measured on.</summary>
internal static class Machine
{
    private static readonly string[] Lines = File.Exists("/proc/cpuinfo") ? File.ReadAllLines("/proc/cpuinfo") : [];

    /// <summary>The processor's name, as the operating system tells it, with its family where the name says little.</summary>
    public static string Processor { get; } = Fact("model name") is { } name
        ? Fact("cpu family") is { } family && Fact("model") is { } model ? $"{name} (family {family}, model {model})" : name
        : RuntimeInformation.ProcessArchitecture.ToString();

    /// <summary>
    /// The name of the machine's file of results: the microarchitecture where it is known, the kernels' path, and the framework unless it
    /// is the usual one.
    /// </summary>
    public static string Slug { get; } =
        (Microarchitecture ?? Clean(Fact("model name") ?? RuntimeInformation.ProcessArchitecture.ToString())) + "-" + KernelPath.Name
        + (Runtime.IsUsual ? "" : "-" + Runtime.Framework);

    // AMD's families and models, from its processor programming references; others go by their names.
    private static string? Microarchitecture => Fact("vendor_id") == "AuthenticAMD" && int.TryParse(Fact("model"), out int model)
        ? Fact("cpu family") switch
        {
            "23" => model < 0x30 ? "zen1" : "zen2",
            "25" => model is < 0x10 or (>= 0x20 and < 0x60) ? "zen3" : "zen4",
            "26" => "zen5",
            _ => null,
        }
        : null;

    private static string? Fact(string name) => Lines.FirstOrDefault(l => l.Split(':')[0].Trim() == name) is { } line
        ? line[(line.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim()
        : null;

    private static string Clean(string name)
    {
        string words = string.Concat(name.ToLowerInvariant().Select(c => char.IsAsciiLetterOrDigit(c) ? c : ' '));
        return string.Join('-', words.Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
}
