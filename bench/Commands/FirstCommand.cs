using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>first</c>: what each model costs before its first prediction, at run time (construction and prediction in a fresh process, once as it
/// is and once with <c>WarmUp</c>, and what the JIT compiles for it) and when the project is built (generating and compiling its code).
/// </summary>
internal sealed class FirstCommand : BenchCommand
{
    /// <summary>The command of the child process: not for users.</summary>
    public const string Child = "first-child";

    private const string Cold = "cold";
    private const string Warm = "warm";

    private static readonly Table<FirstRow> Columns = new(
        new("model", r => r.Model, Width: 30),
        new("M MACs", r => r.Macs / 1e6, "F2"),
        new("first, ms", r => r.FirstMs, "F1"),
        new("WarmUp, ms", r => r.WarmUpMs, "F1") { Title = "with `WarmUp()`, ms" },
        new("methods", r => r.Methods, "0"),
        new("IL, KB", r => r.ILKilobytes, "F1"),
        new("build, ms", r => r.BuildMs, "F0"),
        new("source, KB", r => r.SourceKilobytes, "0"));

    private readonly ModelSelection _models;
    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public FirstCommand()
        : base("first", "What each model costs before its first prediction, in a process and in a build")
    {
        _models = new(this);
        _seconds = SecondsOption("each model");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="seconds">How long, about.</param>
    public static FirstRow Measure(BenchModel model, double seconds)
    {
        CompilationOutcome outcome = ModelCompiler.Compile((model with { Evaluation = null }).Options(), CancellationToken.None);
        (double build, int characters) = PredictorBuild.CompileCost(outcome);
        string assembly = Path.Combine(Path.GetTempPath(), $"bench-{Environment.ProcessId}-{model.Name}.dll");
        File.WriteAllBytes(assembly, PredictorBuild.Compile(outcome));
        try
        {
            int runs = Math.Clamp((int)(seconds * 3), 3, 30);
            double[][] cold = [.. Enumerable.Range(0, runs).Select(_ => Start(assembly, Cold))];
            double warm = Enumerable.Range(0, runs).Min(_ => Start(assembly, Warm)[0]);
            double[] best = cold.MinBy(r => r[0])!;
            return new(
                model.Name, outcome.Plan.Facts.Macs, Math.Round(best[0], 1), Math.Round(warm, 1), (int)best[1],
                Math.Round(best[2] / 1024, 1), Math.Round(build), characters / 1024);
        }
        finally
        {
            File.Delete(assembly);
        }
    }

    /// <summary>The child: prints milliseconds, and the methods and the bytes of their code that the JIT compiled.</summary>
    public static int RunChild(string path, string mode)
    {
        Assembly assembly = Assembly.LoadFrom(path);
        long methods = JitInfo.GetCompiledMethodCount();
        long bytes = JitInfo.GetCompiledILBytes();
        long start = Stopwatch.GetTimestamp();
        Predictor predictor = PredictorBuild.CreateCold(assembly);
        if (mode == Warm)
            predictor.WarmUp();
        predictor.Run();
        double milliseconds = (Stopwatch.GetTimestamp() - start) * 1e3 / Stopwatch.Frequency;
        methods = JitInfo.GetCompiledMethodCount() - methods;
        bytes = JitInfo.GetCompiledILBytes() - bytes;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{milliseconds:R} {methods} {bytes}"));
        return 0;
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<FirstRow> rows) => Document.Of(
        "first",
        $"{Machine.Processor}. Construction and first prediction in a fresh process, as it is and with `WarmUp()` first (minimum);\n"
        + "what the JIT compiles for the first of the two; what generating and compiling the model's code adds to the build of a project\n"
        + "(minimum).",
        Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        _files.Write(line, Columns.Print(_models.Of(line).Select(m => Measure(m, line.GetValue(_seconds)))), Markdown);
        return 0;
    }

    private static double[] Start(string assembly, string mode)
    {
        string output = ChildProcess.Run(Environment.ProcessPath!, [.. ChildProcess.Self(), Child, assembly, mode]);
        return [.. output.Split(' ').Select(w => double.Parse(w, CultureInfo.InvariantCulture))];
    }
}

/// <summary>What a model costs before its first prediction.</summary>
/// <param name="Model">The model.</param>
/// <param name="Macs">Its multiply-accumulates.</param>
/// <param name="FirstMs">Construction and first prediction.</param>
/// <param name="WarmUpMs">The same with everything compiled first.</param>
/// <param name="Methods">Methods that the JIT compiles for it.</param>
/// <param name="ILKilobytes">Their intermediate language, in units of 1024 bytes.</param>
/// <param name="BuildMs">What generating and compiling the model's code adds to a build.</param>
/// <param name="SourceKilobytes">The generated sources, kernels included.</param>
internal sealed record FirstRow(
    string Model, long Macs, double FirstMs, double WarmUpMs, int Methods, double ILKilobytes, double BuildMs, int SourceKilobytes);
