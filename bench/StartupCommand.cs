using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace OptimizerBuild.Bench;

/// <summary>
/// <c>startup</c>: the smallest console app with fashion-mobilenet, from the start of its process to the end, beside the same app on ONNX
/// Runtime; and in both the time from construction to the first prediction. The apps are in <c>bench/startup</c>.
/// </summary>
internal static class StartupCommand
{
    private const string Idle = "runtime only: the app without a model";
    private const string Peer = "ONNX Runtime, float32";

    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(string repository, BenchArguments arguments)
    {
        List<StartupRow> rows = Measure(repository, arguments.Seconds);
        Console.Write(Text(rows));
        if (arguments.Json is { } json)
            File.WriteAllText(json, JsonSerializer.Serialize(rows, Json.Format) + "\n");
        if (arguments.Markdown is { } markdown)
            File.WriteAllText(markdown, Markdown(rows));
        return 0;
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
            (Peer, Program(folder, "Peer", "bin", "Release", "net10.0"), [repository, model]),
        };
        if (HasLinker)
        {
            string output = Path.Combine(folder, "Ours", "bin", "native");
            DotNet(
                "publish", Path.Combine(folder, "Ours"), "-c", "Release", "-r", RuntimeInformation.RuntimeIdentifier, "-o", output,
                "-p:StartupNative=true");
            apps.Add(("generated code, NativeAOT for net9.0", Path.Combine(output, "Ours" + Extension), []));
        }

        List<(double Process, double First)>[] times = [.. apps.Select(_ => new List<(double, double)>())];
        int runs = Math.Clamp((int)(seconds * 8), 5, 100);
        for (int run = 0; run < runs; run++)
            for (int i = 0; i < apps.Count; i++)
            {
                (double milliseconds, string output) = ChildProcess.Time(apps[i].Program, apps[i].Arguments);
                times[i].Add((milliseconds, double.Parse(output.Split(' ')[0], CultureInfo.InvariantCulture)));
            }
        double peer = times[apps.FindIndex(a => a.Name == Peer)].Min(t => t.Process);
        return
        [
            .. apps.Select((app, i) => new StartupRow(
                app.Name, Round(times[i].Min(t => t.Process)), Round(Median(times[i].Select(t => t.Process))), Round(times[i].Min(t => t.First)),
                Math.Round(times[i].Min(t => t.Process) / peer, 3))),
        ];
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(List<StartupRow> rows)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Machine.Processor}. A console app that makes one prediction with fashion-mobilenet, the whole process; apps started in turn.\n");
        text.Append("Made by `dotnet run -c Release --project bench -- startup --markdown FILE`.\n\n");
        text.Append("| app | process, ms (minimum) | median | construction to first prediction, ms (minimum) | of ONNX Runtime's process |\n|---|---|---|---|---|\n");
        foreach (StartupRow r in rows)
            text.Append(CultureInfo.InvariantCulture, $"| {r.App} | {r.ProcessMs:F1} | {r.ProcessMedianMs:F1} | {r.FirstMs:F1} | {r.Share:P0} |\n");
        return text.ToString();
    }

    private static string Text(List<StartupRow> rows)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{"process ms",10} {"median",8} {"first ms",9} {"share",6}  app\n");
        foreach (StartupRow r in rows)
            text.Append(CultureInfo.InvariantCulture, $"{r.ProcessMs,10:F1} {r.ProcessMedianMs,8:F1} {r.FirstMs,9:F1} {r.Share,6:P0}  {r.App}\n");
        return text.ToString();
    }

    // NativeAOT links with the platform's C compiler.
    private static bool HasLinker => OperatingSystem.IsWindows() || (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
        .Any(f => File.Exists(Path.Combine(f, "clang")) || File.Exists(Path.Combine(f, "gcc")));

    private static string Extension => OperatingSystem.IsWindows() ? ".exe" : "";

    private static string Program(string folder, string name, params string[] path) => Path.Combine([folder, name, .. path, name + Extension]);

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
/// <param name="Share">Its process in proportion to that of the app on ONNX Runtime.</param>
internal sealed record StartupRow(string App, double ProcessMs, double ProcessMedianMs, double FirstMs, double Share);
