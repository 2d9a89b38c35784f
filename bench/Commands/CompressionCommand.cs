using System.CommandLine;
using System.Diagnostics;
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
    private const double LeastSeconds = 0.5;

    private static readonly string[] Combinations =
    [
        "", "EntropyCoding=True", "Precision=Float32;EntropyCoding=True", "Precision=Float32;Clusters=16", "Clusters=16",
        "Precision=Int4;Rounding=Nearest", "Precision=Int4", "Sparsity=0.8", "Sparsity=0.9;EntropyCoding=True",
        "Sparsity=0.85;Precision=Int4;EntropyCoding=True", "SparsityPattern=Block;Sparsity=0.5", "SparsityPattern=Block;Sparsity=0.8",
        "SparsityPattern=2:4", "Precision=Ternary", "Precision=Binary", "Precision=Mixed",
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
        new("MB/s", r => r.DecodedMegabytes, "F0", 7) { Title = "decoded MB/s" });

    private readonly ModelSelection _models;
    private readonly Option<string[]> _combinations;
    private readonly Option<bool> _recovery;
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
        _files = new(this);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        string[] combinations = line.GetValue(_combinations) is { Length: > 0 } given ? given : Combinations;
        if (line.GetValue(_recovery))
            combinations = [.. combinations.SelectMany(c => (string[])[c, c + ";Recovery=True"])];
        List<CompressionRow> rows = Columns.Print(_models.Of(line).Where(m => m.Evaluation is not null)
            .SelectMany(m => combinations.Select(c => Measure(m, c))));
        _files.Write(line, rows, Markdown);
        return 0;
    }

    private static string Markdown(List<CompressionRow> rows) => Document.Of(
        "compression",
        "Bytes of the weights' resource beside those of the constants in float32, accuracy on all evaluation data by the kernels that "
            + $"ship, and how fast coded weights are decoded (bytes in memory; best of {Repetitions} or more, one thread of "
            + $"{Machine.Processor}, {RuntimeInformation.FrameworkDescription}, decoders compiled).",
        Columns.Markdown(rows));

    private static CompressionRow Measure(BenchModel model, string combination)
    {
        foreach (string[] pair in combination.Split(';', StringSplitOptions.RemoveEmptyEntries).Select(p => p.Split('=', 2)))
            model = model.With(pair[0], pair.Length > 1 ? pair[1] : "");
        ModelOptions options = model.Options();
        CompilationOutcome outcome = ModelCompiler.Compile(options, CancellationToken.None);
        PlanFacts facts = outcome.Plan.Facts;
        return new(
            model.Name, string.Join(' ', model.Metadata.Select(m => m.Key + "=" + m.Value).Order(StringComparer.Ordinal)),
            outcome.Weights.Length, (double)facts.FloatWeightBytes / outcome.Weights.Length, facts.Metric, facts.FloatMetric,
            facts.CompressedMetric, facts.Samples, Megabytes(outcome.Plan.Weights, outcome.Weights));
    }

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
        double? DecodedMegabytes);
}
