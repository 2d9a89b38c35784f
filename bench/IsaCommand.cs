using System.Globalization;
using System.Reflection;
using System.Text;
using System.Text.Json;
using OptimizerBuild.Kernels;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench;

/// <summary>
/// <c>isa</c>: one predictor on every path that this machine can take, each in a child process under the runtime's instruction-set
/// switches.
/// </summary>
internal static class IsaCommand
{
    // The child's command: not for users.
    public const string Child = "isa-child";

    private static readonly string[] Switches =
    [
        "", "DOTNET_EnableAVX10v2=0", "DOTNET_EnableAVX512=0", "DOTNET_EnableAVXVNNI=0", "DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX512=0",
        "DOTNET_EnableAVX2=0", "DOTNET_EnableHWIntrinsic=0",
    ];

    /// <summary>Runs the command.</summary>
    /// <returns>The process's exit code.</returns>
    public static int Run(IReadOnlyList<BenchModel> models, BenchArguments arguments)
    {
        List<IsaRow> rows = [.. models.SelectMany(m => Measure(m, arguments.Seconds))];
        Console.Write(Table(rows));
        if (arguments.Json is { } json)
            File.WriteAllText(json, JsonSerializer.Serialize(rows, Json.Format) + "\n");
        if (arguments.Markdown is { } markdown)
            File.WriteAllText(markdown, Markdown(rows));
        return 0;
    }

    /// <summary>Measures a model on every path; paths that several switches lead to are kept once.</summary>
    public static IReadOnlyList<IsaRow> Measure(BenchModel model, double seconds)
    {
        CompilationOutcome outcome = ModelCompiler.Compile((model with { Evaluation = null }).Options(), CancellationToken.None);
        string assembly = Path.Combine(Path.GetTempPath(), $"bench-{Environment.ProcessId}-{model.Name}.dll");
        File.WriteAllBytes(assembly, PredictorBuild.Compile(outcome));
        try
        {
            var rows = new List<IsaRow>();
            foreach (string switches in Switches)
            {
                string[] words = ChildProcess.Run(
                    Environment.ProcessPath!, [.. ChildProcess.Self(), Child, assembly, seconds.ToString("R", CultureInfo.InvariantCulture)], switches).Split('\n');
                rows.Add(new(model.Name, outcome.Plan.Facts.Precision, switches, words[0], words[1], double.Parse(words[2], CultureInfo.InvariantCulture), 1));
            }
            double best = rows.Min(r => r.Microseconds);
            return [.. rows.DistinctBy(r => (r.Path, r.Float32Path)).Select(r => r with { Ratio = Math.Round(r.Microseconds / best, 2) })];
        }
        finally
        {
            File.Delete(assembly);
        }
    }

    /// <summary>The child: times the predictor of an assembly and prints the paths it took.</summary>
    public static int RunChild(string assembly, string seconds)
    {
        Predictor predictor = PredictorBuild.Create(Assembly.LoadFrom(assembly));
        double fastest = Stopwatches.Fastest(predictor.Run, double.Parse(seconds, CultureInfo.InvariantCulture));
        Console.WriteLine($"{KernelPath.Name}\n{Float32Path.Name}\n{fastest.ToString("R", CultureInfo.InvariantCulture)}");
        return 0;
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<IsaRow> rows)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{Machine.Processor}, one thread, each path in a process of its own under the runtime's switches.\n");
        text.Append("Made by `dotnet run -c Release --project bench -- isa --markdown FILE`.\n\n");
        text.Append("| model | precision | switches | int8 path | float32 path | µs | times the best |\n|---|---|---|---|---|---|---|\n");
        foreach (IsaRow r in rows)
            text.Append(CultureInfo.InvariantCulture, $"| {r.Model} | {r.Precision} | {r.Switches} | {r.Path} | {r.Float32Path} | {r.Microseconds:F1} | {r.Ratio:F2} |\n");
        return text.ToString();
    }

    private static string Table(IReadOnlyList<IsaRow> rows)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{"model",-34} {"precision",-9} {"int8 path",-10} {"float32 path",-16} {"µs",10} {"ratio",7}  switches\n");
        foreach (IsaRow r in rows)
            text.Append(CultureInfo.InvariantCulture, $"{r.Model,-34} {r.Precision,-9} {r.Path,-10} {r.Float32Path,-16} {r.Microseconds,10:F1} {r.Ratio,7:F2}  {r.Switches}\n");
        return text.ToString();
    }
}

/// <summary>A model on one path.</summary>
/// <param name="Model">The model.</param>
/// <param name="Precision">The precision of the predictor.</param>
/// <param name="Switches">The switches that led to the path; empty: none.</param>
/// <param name="Path">The path of integer dot products.</param>
/// <param name="Float32Path">The path of float32 kernels.</param>
/// <param name="Microseconds">The shortest time of a prediction.</param>
/// <param name="Ratio">In proportion to the fastest path.</param>
internal sealed record IsaRow(string Model, string Precision, string Switches, string Path, string Float32Path, double Microseconds, double Ratio);
