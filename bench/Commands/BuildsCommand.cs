using System.CommandLine;
using System.Diagnostics;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>builds</c>: what the build of a model costs in processor time, and what it gives for that: bytes, accuracy, and the time of a
/// prediction. The first model of a process pays for compiling the build's own code: for figures to compare, name one model a run.
/// </summary>
internal sealed class BuildsCommand : BenchCommand
{
    private const int Predictions = 2000;
    private const double MostSeconds = 3;

    private static readonly Table<BuildRow> Columns = new(
        new("model", r => r.Model, Width: 34),
        new("build s", r => r.Seconds, "F2", 8) { Title = "build, processor seconds" },
        new("bytes", r => r.Bytes, "N0", 10),
        new("metric", r => r.Metric),
        new("float", r => r.FloatAccuracy, "F5", 8),
        new("compressed", r => r.Accuracy, "F5", 8),
        new("steps", r => r.Steps, "N0", 6),
        new("estimate", r => r.EstimatedMicroseconds, "F2", 9) { Title = "estimated µs" },
        new("run µs", r => r.Microseconds, "F2", 9) { Title = "prediction, µs" });

    private readonly ModelSelection _models;

    /// <summary>Declares the command and its options.</summary>
    public BuildsCommand()
        : base("builds", "Processor time of builds, with the bytes, accuracy and time of a prediction that they give") =>
        _models = new(this);

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        Columns.Print(_models.Of(line).Select(Build));
        return 0;
    }

    private static BuildRow Build(BenchModel model)
    {
        ModelOptions options = model.Options();
        TimeSpan before = Environment.CpuUsage.TotalTime;
        ModelCompiler.Compression compression = ModelCompiler.Compress(options);
        CompilationOutcome outcome = ModelCompiler.Finish(compression);
        double seconds = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        ModelPlan plan = outcome.Plan;
        (string metric, double? original, double? compressed) =
            (plan.Facts.Metric, plan.Facts.FloatMetric, plan.Facts.CompressedMetric);
        if (model.Evaluation is null && (model.Calibration ?? model.Data) is not null)
        {
            Compression.Measurement agreement = compression.Context.Measure(compression.Run.Model);
            (metric, original, compressed) = (agreement.Metric, agreement.TeacherAccuracy, agreement.Accuracy);
        }
        return new(
            model.Name, seconds, outcome.Weights.Length, metric, original, compressed, plan.Steps.Count,
            compression.Context.EstimatedNanoseconds(compression.Run.Model) / 1000, Best(outcome));
    }

    // The least of many predictions of the generated code: other work on the machine can only lengthen them.
    private static double Best(CompilationOutcome outcome)
    {
        Predictor predictor = PredictorBuild.Load(outcome);
        for (int i = 0; i < outcome.Plan.Inputs.Count; i++)
            predictor.Set(i, PatternInput.Noise(outcome.Plan.Inputs[i].Length, outcome.Plan.Inputs[i].Type.Keyword(), i));
        double best = double.PositiveInfinity;
        long first = Stopwatch.GetTimestamp();
        for (int i = 0; i < Predictions && Stopwatch.GetElapsedTime(first).TotalSeconds < MostSeconds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            predictor.Run();
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalMicroseconds);
        }
        return best;
    }

    /// <summary>One build.</summary>
    private sealed record BuildRow(
        string Model, double Seconds, int Bytes, string Metric, double? FloatAccuracy, double? Accuracy, int Steps,
        double EstimatedMicroseconds, double Microseconds);
}
