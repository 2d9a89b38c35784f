using System.CommandLine;
using System.Globalization;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>debug</c>: a prediction of fashion-mobilenet in an app that is compiled as Debug builds are, with the kernels in an assembly of their
/// own and without, beside the same app as Release builds compile it. The app is in <c>bench/debug</c>.
/// </summary>
internal sealed class DebugCommand : BenchCommand
{
    private const double SecondsOfARun = 0.3;

    private static readonly (string Name, string Variant)[] Builds =
    [
        ("Release", "Optimised"),
        ("Debug", "KernelsApart"),
        ("Debug, kernels in the app's assembly", "OneAssembly"),
    ];

    private static readonly Table<DebugRow> Columns = new(
        new("build", r => r.Build, Width: 38),
        new("µs", r => r.Microseconds, "F1", 9) { Title = "µs a prediction (minimum)" },
        new("ratio", r => r.Ratio, "F2") { Title = "times Release" });

    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public DebugCommand()
        : base("debug", "Predictions in Debug builds of an app, beside its Release build")
    {
        _seconds = SecondsOption("each build");
        _files = new(this);
    }

    /// <summary>Builds the app in all ways and runs the builds in turn.</summary>
    /// <param name="repository">The repository's folder.</param>
    /// <param name="seconds">How long each build is measured.</param>
    public static List<DebugRow> Measure(string repository, double seconds)
    {
        string folder = Path.Combine(repository, "bench", "debug");
        foreach ((_, string variant) in Builds)
            ChildProcess.Run("dotnet", ["build", folder, "-c", "Release", "-p:DebugVariant=" + variant, "-nodeReuse:false", "-v:q"]);
        double[] fastest = [.. Builds.Select(_ => double.MaxValue)];
        int rounds = Math.Max(1, (int)Math.Round(seconds / SecondsOfARun));
        string run = Math.Min(seconds, SecondsOfARun).ToString("R", CultureInfo.InvariantCulture);
        for (int round = 0; round < rounds; round++)
            for (int i = 0; i < Builds.Length; i++)
            {
                string app = Path.Combine(folder, "bin", Builds[i].Variant, "net10.0", "debug.dll");
                string time = ChildProcess.Run("dotnet", [app, run]);
                fastest[i] = Math.Min(fastest[i], double.Parse(time, CultureInfo.InvariantCulture));
            }
        return [.. Builds.Select((b, i) => new DebugRow(b.Name, Math.Round(fastest[i], 2), Math.Round(fastest[i] / fastest[0], 2)))];
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(List<DebugRow> rows) => Document.Of(
        "debug",
        $"{Machine.Processor}. A console app with fashion-mobilenet, one thread; builds run in turn, each in a process of its own.",
        Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        _files.Write(line, Columns.Print(Measure(Repository.Folder, line.GetValue(_seconds))), Markdown);
        return 0;
    }
}

/// <summary>One way of building the app.</summary>
/// <param name="Build">Its name.</param>
/// <param name="Microseconds">The shortest time of a prediction.</param>
/// <param name="Ratio">In proportion to the Release build.</param>
internal sealed record DebugRow(string Build, double Microseconds, double Ratio);
