using System.CommandLine;
using System.Globalization;
using System.Runtime.InteropServices;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>startup</c>: the smallest console app with fashion-mobilenet, from the start of its process to the end, beside the same app on ONNX
/// Runtime; and in both the time from construction to the first prediction. The apps are in <c>bench/startup</c>. Where the development set
/// is, also what entropy codes of the weights cost: the app with mnist-lenet5, with and without them.
/// </summary>
internal sealed class StartupCommand : BenchCommand
{
    private const string Idle = "runtime only: the app without a model";
    private const string Peer = "ONNX Runtime, float32";
    private const string CodedModel = "mnist-lenet5";

    // The field of what an app of ours prints in which the number of its methods stands.
    private const int Methods = 2;

    private static readonly Table<StartupRow> Columns = new(
        new("app", r => r.App, Width: 38),
        new("process, ms", r => r.ProcessMs, "F1") { Title = "process, ms (minimum)" },
        new("median", r => r.ProcessMedianMs, "F1"),
        new("first, ms", r => r.FirstMs, "F1") { Title = "construction to first prediction, ms (minimum)" },
        new("methods", r => r.Methods, "N0") { Title = "methods compiled until then" },
        new("share", r => r.Share, "P0") { Title = "of ONNX Runtime's process" });

    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public StartupCommand()
        : base("startup", "The cold start of a console app, beside the same app on ONNX Runtime")
    {
        _seconds = SecondsOption("each app");
        _files = new(this);
    }

    /// <summary>Builds the apps and starts them in turn.</summary>
    /// <param name="repository">The repository's folder.</param>
    /// <param name="seconds">How long each app is measured, about.</param>
    public static List<StartupRow> Measure(string repository, double seconds)
    {
        string folder = Path.Combine(repository, "bench", "startup");
        string model = Path.Combine(repository, "sample-app", "models", "fashion-mobilenet.onnx");
        DotNet("build", Path.Combine(folder, "Ours"), "-c", "Release");
        DotNet("build", Path.Combine(folder, "Peer"), "-c", "Release");
        string ours = Program(folder, "Ours", "bin", "Release", "net10.0");
        var apps = new List<(string Name, string Program, string[] Arguments)>
        {
            (Idle, ours, ["idle"]),
            ("generated code", ours, []),
            (Peer, Program(folder, "Peer", "bin", "Release", "net10.0"), [model]),
        };
        if (BenchModel.Known(repository).FirstOrDefault(m => m.Name == CodedModel) is { } coded)
            foreach (bool hasCodes in (bool[])[false, true])
            {
                string name = CodedModel + (hasCodes ? "-coded" : ""), output = Path.Combine(folder, "Ours", "bin", name);
                DotNet("build", Path.Combine(folder, "Ours"), "-c", "Release", "-o", output, $"-p:StartupModel={coded.Path}",
                    $"-p:StartupCoding={hasCodes}", $"-p:IntermediateOutputPath=obj/{name}/");
                apps.Add((CodedModel + (hasCodes ? ", EntropyCoding" : ""), Path.Combine(output, "Ours" + Extension), []));
            }
        if (HasLinker)
        {
            string output = Path.Combine(folder, "Ours", "bin", "native");
            DotNet(
                "publish", Path.Combine(folder, "Ours"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-o", output,
                "-p:StartupNative=true");
            apps.Add(("generated code, NativeAOT", Path.Combine(output, "Ours" + Extension), []));
        }

        List<(double Process, double First, long? Methods)>[] times = [.. apps.Select(_ => new List<(double, double, long?)>())];
        int runs = Math.Clamp((int)(seconds * 8), 5, 100);
        for (int run = 0; run < runs; run++)
            for (int i = 0; i < apps.Count; i++)
            {
                (double milliseconds, string output) = ChildProcess.Time(apps[i].Program, apps[i].Arguments);
                string[] fields = output.Split(' ');
                times[i].Add((milliseconds, double.Parse(fields[0], CultureInfo.InvariantCulture),
                    fields.Length > Methods ? long.Parse(fields[Methods], CultureInfo.InvariantCulture) : null));
            }
        double peer = times[apps.FindIndex(a => a.Name == Peer)].Min(t => t.Process);
        return
        [
            .. apps.Select((app, i) => new StartupRow(
                app.Name, Round(times[i].Min(t => t.Process)), Round(Median(times[i].Select(t => t.Process))),
                Round(times[i].Min(t => t.First)), times[i].Min(t => t.Methods),
                Math.Round(times[i].Min(t => t.Process) / peer, 3))),
        ];
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(List<StartupRow> rows) => Document.Of(
        "startup",
        $"{Machine.Processor}. A console app that makes one prediction with fashion-mobilenet or another model that is named, the "
            + "whole process; apps started in turn.",
        Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        _files.Write(line, Columns.Print(Measure(Repository.Folder, line.GetValue(_seconds))), Markdown);
        return 0;
    }

    // NativeAOT links with the platform's C compiler.
    private static bool HasLinker => OperatingSystem.IsWindows() || (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(f => File.Exists(Path.Combine(f, "clang")) || File.Exists(Path.Combine(f, "gcc")));

    private static string Extension => OperatingSystem.IsWindows() ? ".exe" : "";

    private static string Program(string folder, string name, params string[] path) =>
        Path.Combine([folder, name, .. path, name + Extension]);

    private static void DotNet(string command, string project, params string[] arguments) =>
        ChildProcess.Run("dotnet", [command, project, .. arguments, "-nodeReuse:false", "-v:q"]);

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return sorted[sorted.Length / 2];
    }

    private static double Round(double milliseconds) => Math.Round(milliseconds, 2);
}

/// <summary>The cold start of an app.</summary>
/// <param name="App">The app.</param>
/// <param name="ProcessMs">From the start of the process to its end: the minimum.</param>
/// <param name="ProcessMedianMs">The median.</param>
/// <param name="FirstMs">From construction to the first prediction, inside the process: the minimum.</param>
/// <param name="Methods">How many methods the process has compiled until then, in the background too: the least; null where the app
/// does not tell.</param>
/// <param name="Share">Its process in proportion to that of the app on ONNX Runtime.</param>
internal sealed record StartupRow(
    string App, double ProcessMs, double ProcessMedianMs, double FirstMs, long? Methods, double Share);
