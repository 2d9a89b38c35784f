using System.CommandLine;
using System.Globalization;
using System.Reflection;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Kernels;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>isa</c>: one predictor on every path that this machine can take, each in a child process under the runtime's instruction-set
/// switches.
/// </summary>
internal sealed class IsaCommand : BenchCommand
{
    /// <summary>The command of the child process: not for users.</summary>
    public const string Child = "isa-child";

    private static readonly string[] Switches =
    [
        "", "DOTNET_EnableAVX10v2=0", "DOTNET_EnableAVX512=0", "DOTNET_EnableAVXVNNI=0", "DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX512v3=0",
        "DOTNET_EnableAVXVNNI=0 DOTNET_EnableAVX512=0", "DOTNET_EnableAVX2=0", "DOTNET_EnableHWIntrinsic=0",
    ];

    private static readonly Table<IsaRow> Columns = new(
        new("model", r => r.Model, Width: 30),
        new("precision", r => r.Precision),
        new("switches", r => r.Switches, Width: 44),
        new("int8 path", r => r.Path),
        new("float32 path", r => r.Float32Path, Width: 15),
        new("µs", r => r.Microseconds, "F1", 9),
        new("ratio", r => r.Ratio, "F2") { Title = "times the best" });

    private readonly ModelSelection _models;
    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public IsaCommand()
        : base("isa", "Each model on every instruction-set path of the machine")
    {
        _models = new(this);
        _seconds = SecondsOption("each path of a model");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures a model on every path; paths that several switches lead to are kept once.</summary>
    /// <param name="model">The model.</param>
    /// <param name="seconds">How long each path is measured.</param>
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
                string[] arguments = [.. ChildProcess.Self(), Child, assembly, seconds.ToString("R", CultureInfo.InvariantCulture)];
                string[] words = ChildProcess.Run(Environment.ProcessPath!, arguments, switches).Split('\n');
                rows.Add(new(
                    model.Name, outcome.Plan.Facts.Precision, switches, words[0], words[1],
                    double.Parse(words[2], CultureInfo.InvariantCulture), 1));
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
    /// <returns>The process's exit code.</returns>
    public static int RunChild(string assembly, string seconds)
    {
        Predictor predictor = PredictorBuild.Create(Assembly.LoadFrom(assembly));
        double fastest = Stopwatches.Fastest(predictor.Run, double.Parse(seconds, CultureInfo.InvariantCulture));
        Console.WriteLine($"{KernelPath.Name}\n{Float32Path.Name}\n{fastest.ToString("R", CultureInfo.InvariantCulture)}");
        return 0;
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<IsaRow> rows) => Document.Of(
        "isa",
        $"{Machine.Processor}, one thread, each path in a process of its own under the runtime's switches.",
        Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        List<IsaRow> rows = Columns.Print(_models.Of(line).SelectMany(m => Measure(m, line.GetValue(_seconds))));
        _files.Write(line, rows, Markdown);
        return 0;
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
internal sealed record IsaRow(
    string Model, string Precision, string Switches, string Path, string Float32Path, double Microseconds, double Ratio);
