using System.CommandLine;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Folding;
using OptimizerBuild.Compression.LowRank;
using OptimizerBuild.Compression.Pruning;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>structure</c>: techniques that make a model's graph smaller, without training, each at several amounts: work, bytes and accuracy on
/// the model's evaluation data. The smaller model runs in float32, so that the figures are those of the technique alone.
/// </summary>
internal sealed class StructureCommand : BenchCommand
{
    private static readonly Table<StructureRow> Columns = new(
        new("model", r => r.Model, Width: 22),
        new("technique", r => r.Technique, Width: 30),
        new("asked", r => r.Asked, "P0", 6),
        new("MACs less", r => r.WorkSaved, "P1", 10),
        new("KB", r => r.Bytes / 1024.0, "F1", 8),
        new("metric", r => r.Metric, Width: 10),
        new("whole", r => r.Whole, "F4", 8),
        new("smaller", r => r.Smaller, "F4", 8),
        new("estimate", r => r.TimeLeft, "P0", 8) { Title = "estimated time left" });

    // The name of a way, whether it sees calibration data (otherwise made-up samples), and what makes a graph smaller by a share.
    private static readonly (string Name, bool HasData, Func<CompressionContext, Graph, double, Graph> Apply)[] Ways =
    [
        ("pruning, magnitude", false, Prune(PruningCriterion.Magnitude)),
        ("pruning, made-up samples", false, Prune(PruningCriterion.Reconstruction)),
        ("pruning, data", true, Prune(PruningCriterion.Reconstruction)),
        ("folding, without samples", false, Fold(FoldRepair.Approximate)),
        ("folding, made-up samples", false, Fold(FoldRepair.Statistics)),
        ("folding, data, statistics", true, Fold(FoldRepair.Statistics)),
        ("folding, data, fit", true, Fold(FoldRepair.Fit)),
        ("low rank, weights alone", false, Divide(weighted: false, RankForm.Auto)),
        ("low rank, data", true, Divide(weighted: true, RankForm.Auto)),
        .. from form in Enum.GetValues<RankForm>()
           where form != RankForm.Auto
           from way in (string[])["weights alone", "data"]
           select ($"low rank by {form}, {way}", way == "data", Divide(way == "data", form)),
    ];

    private readonly ModelSelection _models;
    private readonly FigureFiles _files;
    private readonly Option<double[]> _shares = new("--shares")
    {
        Description = "The shares of the work that are to go",
        HelpName = "SHARE",
        AllowMultipleArgumentsPerToken = true,
        DefaultValueFactory = _ => [0.1, 0.2, 0.3, 0.4, 0.5, 0.6],
    };

    private readonly Option<string?> _way = new("--technique")
    {
        Description = "Only techniques whose name contains this",
        HelpName = "TEXT",
    };

    /// <summary>Declares the command and its options.</summary>
    public StructureCommand()
        : base("structure", "Work, bytes and accuracy under techniques that make models smaller")
    {
        _models = new(this, hasPrecision: false);
        _files = new(this);
        Add(_shares);
        Add(_way);
    }

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        string way = line.GetValue(_way) ?? "";
        List<StructureRow> rows = Columns.Print(
            from model in _models.Of(line)
            where (model.Evaluation ?? model.Calibration) is not null
            from row in Measure(model, way, line.GetValue(_shares)!)
            select row);
        _files.Write(line, rows, Markdown);
        return 0;
    }

    private static string Markdown(IReadOnlyList<StructureRow> rows) => Document.Of(
        "structure",
        "Smaller models in float32, without training, on all samples of the evaluation data; where there are none, their agreement with "
            + "the whole model on the calibration data.",
        Columns.Markdown(rows));

    private static Func<CompressionContext, Graph, double, Graph> Prune(PruningCriterion criterion) =>
        (context, graph, share) => new ChannelPruning(context, criterion).Apply(graph, share, "Sparsity").Graph;

    private static Func<CompressionContext, Graph, double, Graph> Fold(FoldRepair repair) =>
        (context, graph, share) => new ChannelFolding(context, repair).Apply(graph, share, "Fold").Graph;

    // Of each layer the share may go; what goes of the whole depends on how many layers it pays for.
    private static Func<CompressionContext, Graph, double, Graph> Divide(bool weighted, RankForm form) =>
        (context, graph, share) => new RankReduction(context, form).Apply(graph, new(1 - share), weighted).Graph;

    private static IEnumerable<StructureRow> Measure(BenchModel model, string technique, double[] shares)
    {
        BenchModel exact = model.With("Precision", "Float32");
        ModelCompiler.Compression whole = ModelCompiler.Compress(exact.Options());
        CompressionContext alone = ModelCompiler.Compress((exact with { Calibration = null, Evaluation = null }).Options()).Context;
        Compression.Measurement before = whole.Context.Measure(whole.Model);
        yield return Row(model, "none", 0, before, before);
        foreach ((string name, bool hasData, Func<CompressionContext, Graph, double, Graph> apply) in Ways)
        {
            if (!name.Contains(technique, StringComparison.OrdinalIgnoreCase))
                continue;
            foreach (double share in shares)
            {
                Graph smaller = apply(hasData ? whole.Context : alone, whole.Model.Graph, share);
                yield return Row(model, name, share, before, whole.Context.Measure(new(whole.Context.Renormalize(smaller))));
            }
        }
    }

    private static StructureRow Row(
        BenchModel model, string technique, double asked, Compression.Measurement before, Compression.Measurement after) => new(
        model.Name, technique, asked, 1 - ((double)after.Macs / before.Macs), after.WeightBytes, after.Metric, before.Accuracy,
        after.Accuracy, after.Nanoseconds / before.Nanoseconds);
}

/// <summary>A smaller model beside the whole one.</summary>
/// <param name="Model">The model.</param>
/// <param name="Technique">What made it smaller.</param>
/// <param name="Asked">The share of the work that was to go.</param>
/// <param name="WorkSaved">The share of the multiply-accumulates that went.</param>
/// <param name="Bytes">The packed float32 weights.</param>
/// <param name="Metric">How accuracy is measured.</param>
/// <param name="Whole">The whole model's figure.</param>
/// <param name="Smaller">The smaller model's figure.</param>
/// <param name="TimeLeft">The estimated time in proportion to that of the whole model.</param>
internal sealed record StructureRow(
    string Model, string Technique, double Asked, double WorkSaved, long Bytes, string Metric, double Whole, double Smaller,
    double TimeLeft);
