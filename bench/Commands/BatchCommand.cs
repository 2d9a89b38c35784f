using System.CommandLine;
using System.Reflection;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Kernels;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench.Commands;

/// <summary><c>batch</c>: so many samples by single predictions and by <c>PredictBatch</c>, in turn, on one thread.</summary>
internal sealed class BatchCommand : BenchCommand
{
    private static readonly Table<BatchRow> Columns = new(
        new("model", r => r.Model, Width: 30),
        new("samples", r => r.Samples, "0"),
        new("at a time", r => r.AtATime, "0"),
        new("single, µs", r => r.SingleUs, "F2") { Title = "single, µs a sample" },
        new("batch, µs", r => r.BatchUs, "F2") { Title = "batch, µs a sample" },
        new("times as fast", r => r.Speedup, "F2"));

    private readonly ModelSelection _models;
    private readonly Option<int> _samples = new("--samples")
    {
        Description = "The number of samples of a batch",
        HelpName = "N",
        DefaultValueFactory = _ => 64,
    };

    private readonly Option<double> _seconds;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public BatchCommand()
        : base("batch", "Samples one by one and by PredictBatch")
    {
        _models = new(this);
        Add(_samples);
        _seconds = SecondsOption("each model");
        _files = new(this);
        Frameworks = new(this);
    }

    /// <summary>Measures the models that take batches.</summary>
    public static IEnumerable<BatchRow> Measure(IEnumerable<BenchModel> models, int samples, double seconds)
    {
        foreach (BenchModel model in models)
        {
            CompilationOutcome outcome = ModelCompiler.Compile((model with { Evaluation = null }).Options(), CancellationToken.None);
            if (!outcome.Plan.TakesBatches)
                continue;
            Predictor predictor = PredictorBuild.Create(Assembly.Load(PredictorBuild.Compile(outcome)));
            predictor.Parallelism = 1;
            predictor.SetBatch(samples);
            Timings[] timings = Timings.Interleave(
            [
                () =>
                {
                    for (int s = 0; s < samples; s++)
                        predictor.Run();
                },
                predictor.RunBatch,
            ], seconds);
            yield return new(
                model.Name, samples, outcome.Plan.BatchSamples, Math.Round(timings[0].Min / samples, 3),
                Math.Round(timings[1].Min / samples, 3), Math.Round(timings[0].Min / timings[1].Min, 2));
        }
    }

    /// <summary>The table of record.</summary>
    public static string Markdown(IReadOnlyList<BatchRow> rows) => Document.Of(
        "batch", $"{Machine.Processor}, int8 path `{KernelPath.Name}`, one thread, minimum of interleaved runs.", Columns.Markdown(rows));

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        _files.Write(
            line, Columns.Print(Measure(_models.Of(line), line.GetValue(_samples), line.GetValue(_seconds))), Markdown);
        return 0;
    }
}

/// <summary>A model's samples one by one and in a batch.</summary>
/// <param name="Model">The model.</param>
/// <param name="Samples">The number of samples of the batch.</param>
/// <param name="AtATime">How many of them use each weight once; 1 where each runs by itself.</param>
/// <param name="SingleUs">The shortest time of a sample by <c>Predict</c>, in microseconds.</param>
/// <param name="BatchUs">By <c>PredictBatch</c>.</param>
/// <param name="Speedup">The first ÷ the second.</param>
internal sealed record BatchRow(string Model, int Samples, int AtATime, double SingleUs, double BatchUs, double Speedup);
