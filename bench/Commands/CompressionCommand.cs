using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using OptimizerBuild.Bench.Measurement;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Kernels;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>compression</c>: what techniques make of models: the bytes that ship beside those of the float32 weights, the accuracy on the
/// evaluation data, and how fast the weights are decoded when they are loaded.
/// </summary>
internal sealed class CompressionCommand : BenchCommand
{
    private const int Repetitions = 7;
    private const int StepsOfBody = 2000;
    private const double LeastSeconds = 0.5;

    private static readonly string[] Combinations =
    [
        "", "EntropyCoding=True", "Precision=Float32;EntropyCoding=True", "Precision=Float32;Clusters=16", "Clusters=16",
        "Precision=Int4;Rounding=Nearest", "Precision=Int4", "Sparsity=0.8", "Sparsity=0.9;EntropyCoding=True",
        "Sparsity=0.85;Precision=Int4;EntropyCoding=True", "SparsityPattern=Block;Sparsity=0.5", "SparsityPattern=Block;Sparsity=0.8",
        "SparsityPattern=2:4", "Precision=Ternary", "Precision=Binary", "Precision=Mixed",
        "Rank=0.5", "Rank=0.5;RankForm=Tucker", "Rank=0.5;RankForm=CP",
    ];

    private static readonly Table<CompressionRow> Columns = new(
        new("model", r => r.Model, Width: 20),
        new("metadata", r => r.Metadata, Width: 46),
        new("bytes", r => r.Bytes, "N0", 10),
        new("smaller", r => r.Factor, "F1", 7) { Title = "times smaller than float32" },
        new("metric", r => r.Metric),
        new("float", r => r.FloatAccuracy, "F4", 8),
        new("compressed", r => r.Accuracy, "F4", 8),
        new("samples", r => r.Samples, "N0", 7),
        new("outputs, dB", r => r.Decibels, "F1") { Title = "signal to noise of the outputs, dB" },
        new("estimate", r => r.Microseconds, "F2", 9) { Title = "estimated µs" },
        new("MB/s", r => r.DecodedMegabytes, "F0", 7) { Title = "decoded MB/s" });

    private readonly ModelSelection _models;
    private readonly Option<string[]> _combinations;
    private readonly Option<bool> _recovery;
    private readonly Option<bool> _madeUp;
    private readonly Option<bool> _students;
    private readonly Option<bool> _heads;
    private readonly Option<int?> _steps;
    private readonly FigureFiles _files;

    /// <summary>Declares the command and its options.</summary>
    public CompressionCommand()
        : base("compression", "Bytes, accuracy and decoding speed of models under compression techniques")
    {
        _models = new(this);
        _combinations = new("--with")
        {
            Description = "Metadata of one row, as Name=Value;Name=Value; may be repeated. Without it a list of its own",
            HelpName = "M",
        };
        Add(_combinations);
        _recovery = new("--recovery") { Description = "Each row also with Recovery=True" };
        Add(_recovery);
        _madeUp = new("--made-up")
        {
            Description = "Models of sound on made-up samples, other ones to calibrate on than to judge by: agreement with the float model",
        };
        Add(_madeUp);
        _students = new("--students") { Description = "Rows of students instead: pruned only, trained, and taught by several models" };
        Add(_students);
        _heads = new("--heads")
        {
            Description = "Accuracy of new last layers against the number of labels instead, on a body that is trained anew",
        };
        Add(_heads);
        _steps = new("--steps")
        {
            Description = $"With --students or --heads: steps of each training; without it those of a build, and {StepsOfBody} for a body",
            HelpName = "N",
        };
        Add(_steps);
        _files = new(this);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        int? steps = line.GetValue(_steps);
        if (line.GetValue(_heads))
        {
            (string markdown, List<HeadFigures.HeadRow> heads) = HeadFigures.Print(
                _models.Of(line).Where(m => m is { Evaluation: not null, Calibration: not null }), steps ?? StepsOfBody);
            _files.Write(line, heads, _ => markdown);
            return 0;
        }
        string[] combinations = line.GetValue(_combinations) is { Length: > 0 } given ? given : Combinations;
        if (line.GetValue(_recovery))
            combinations = [.. combinations.SelectMany(c => (string[])[c, c + ";Recovery=True"])];
        bool needsLabels = line.GetValue(_students);
        IEnumerable<BenchModel> asked = _models.Of(line);
        if (line.GetValue(_madeUp))
            asked = asked.Select(m => MadeUpSamples.Of(m) ?? throw new InvalidOperationException($"no samples are known for '{m.Name}'"));
        BenchModel[] models = [.. asked.Where(m => (m.Evaluation ?? (needsLabels ? null : m.Calibration)) is not null)];
        IEnumerable<BenchModel> variants = line.GetValue(_students) ? models.SelectMany(m => Students(m, steps))
            : models.SelectMany(m => combinations.Select(c => With(m, c)));
        List<CompressionRow> rows = Columns.Print(variants.Select(Measure));
        _files.Write(line, rows, Markdown);
        return 0;
    }

    private static string Markdown(List<CompressionRow> rows) => Document.Of(
        "compression",
        "Bytes of the weights' resource beside those of the constants in float32, accuracy on all evaluation data (without such, agreement "
            + "with the float model on the calibration data) by the kernels that ship, the outputs' signal to noise on the samples that "
            + "quantisation compares (half of them those that reach farthest), the time that the cost model estimates, and "
            + $"how fast coded weights are decoded (bytes in memory; best of {Repetitions} or more, one thread of "
            + $"{Machine.Processor}, {RuntimeInformation.FrameworkDescription}, decoders compiled).",
        Columns.Markdown(rows));

    private static BenchModel With(BenchModel model, string combination)
    {
        // A value may hold semicolons itself: what has no name belongs to the one before.
        string name = "";
        foreach (string[] pair in combination.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)))
        {
            bool hasName = pair.Length > 1 || name.Length == 0;
            name = hasName ? pair[0] : name;
            model = model.With(name, hasName ? pair[^1] : model.Metadata[name] + ";" + pair[0]);
        }
        return model;
    }

    // About a quarter of the work: by leaving channels out alone, as a student that has not learned, one that has, and one that has
    // learned from all models of the same data.
    private static IEnumerable<BenchModel> Students(BenchModel model, int? steps)
    {
        yield return With(model, "Sparsity=0.75;SparsityPattern=Channel");
        BenchModel student = With(model, "Student=0.5x");
        yield return student.With("RecoverySteps", "1");
        if (steps is { } number)
            student = student.With("RecoverySteps", number.ToString(CultureInfo.InvariantCulture));
        yield return student;
        string[] teachers = [.. BenchModel.Known(Repository.Folder).Where(m => m.Evaluation == model.Evaluation).Select(m => m.Path)];
        if (teachers.Length > 1)
            yield return student.With("Teacher", string.Join(';', teachers));
    }

    private static CompressionRow Measure(BenchModel model)
    {
        ModelOptions options = model.Options();
        ModelCompiler.Compression compression = ModelCompiler.Compress(options);
        CompilationOutcome outcome = ModelCompiler.Finish(compression);
        PlanFacts facts = outcome.Plan.Facts;
        if (model.Evaluation is null)
        {
            Compression.Measurement agreement = compression.Context.Measure(compression.Run.Model);
            facts = facts with
            {
                Metric = agreement.Metric, FloatMetric = agreement.TeacherAccuracy, CompressedMetric = agreement.Accuracy,
                Samples = agreement.Samples,
            };
        }
        return new(
            model.Name, string.Join(' ', model.Metadata.Select(m => m.Key + "=" + WithoutFolders(m.Value)).Order(StringComparer.Ordinal)),
            outcome.Weights.Length, (double)facts.FloatWeightBytes / outcome.Weights.Length, facts.Metric, facts.FloatMetric,
            facts.CompressedMetric, facts.Samples, outcome.OutputSignalToNoise,
            compression.Context.EstimatedNanoseconds(compression.Run.Model) / 1000,
            Megabytes(outcome.Plan.Weights, outcome.Weights));
    }

    private static string WithoutFolders(string value) => !value.Contains(".onnx", StringComparison.Ordinal) ? value
        : string.Join(';', value.Split(';').Select(Path.GetFileName));

    // Null where nothing is decoded.
    private static double? Megabytes(PlanWeights weights, byte[] stored)
    {
        if (weights.ExpandedBytes is not { } bytes)
            return null;
        var workspace = new Workspace(PackedWeights.Of(stored), bytes);
        StepCall[] calls = [.. weights.Expansion.Select(c => KernelBinder.Bind(c))];
        double best = double.PositiveInfinity;
        long first = Stopwatch.GetTimestamp();
        for (int i = 0; i < Repetitions || Stopwatch.GetElapsedTime(first).TotalSeconds < LeastSeconds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            foreach (StepCall call in calls)
                call(workspace);
            best = Math.Min(best, Stopwatch.GetElapsedTime(start).TotalSeconds);
        }
        return bytes / best / 1e6;
    }

    /// <summary>A model under one combination of techniques.</summary>
    private sealed record CompressionRow(
        string Model, string Metadata, int Bytes, double Factor, string Metric, double? FloatAccuracy, double? Accuracy, int Samples,
        double? Decibels, double Microseconds, double? DecodedMegabytes);
}
