using System.CommandLine;
using System.Reflection;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Kernels;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench.Commands;

/// <summary><c>threads</c>: one prediction on one thread and on several, in turn.</summary>
internal sealed class ThreadsCommand : BenchCommand
{
    private static readonly Table<ThreadsRow> Columns = new(
        new("model", r => r.Model, Width: 30),
        new("1 thread, µs", r => r.OneThreadUs, "F1"),
        new("threads", r => r.Threads, "0"),
        new("µs", r => r.SeveralThreadsUs, "F1", 9) { Title = "on these, µs" },
        new("times as fast", r => r.Speedup, "F2"));

    private readonly ModelSelection _models;
    private readonly Option<int> _threads;
    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public ThreadsCommand()
        : base("threads", "Each model on one thread and on several")
    {
        _models = new(this);
        _threads = ThreadsOption(Environment.ProcessorCount);
        _seconds = SecondsOption("each model");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures a model on one thread and on several.</summary>
    public static ThreadsRow Measure(BenchModel model, int threads, double seconds)
    {
        CompilationOutcome outcome = ModelCompiler.Compile((model with { Evaluation = null }).Options(), CancellationToken.None);
        Assembly assembly = Assembly.Load(PredictorBuild.Compile(outcome));
        Predictor one = PredictorBuild.Create(assembly), several = PredictorBuild.Create(assembly);
        one.Parallelism = 1;
        several.Parallelism = threads;
        Timings[] timings = Timings.Interleave([one.Run, several.Run], seconds);
        return new(
            model.Name, threads, Math.Round(timings[0].Min, 2), Math.Round(timings[1].Min, 2),
            Math.Round(timings[0].Min / timings[1].Min, 2));
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<ThreadsRow> rows) => Document.Of(
        "threads", $"{Machine.Processor}, int8 path `{KernelPath.Name}`, minimum of interleaved runs.", Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        int threads = line.GetValue(_threads);
        _files.Write(line, Columns.Print(_models.Of(line).Select(m => Measure(m, threads, line.GetValue(_seconds)))), Markdown);
        return 0;
    }
}

/// <summary>A model on one thread and on several.</summary>
/// <param name="Model">The model.</param>
/// <param name="Threads">How many threads.</param>
/// <param name="OneThreadUs">The shortest time of a prediction on one thread, in microseconds.</param>
/// <param name="SeveralThreadsUs">On several.</param>
/// <param name="Speedup">The first ÷ the second.</param>
internal sealed record ThreadsRow(string Model, int Threads, double OneThreadUs, double SeveralThreadsUs, double Speedup);
