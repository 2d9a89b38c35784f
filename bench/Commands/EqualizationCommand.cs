using System.CommandLine;
using OptimizerBuild.Bench.Models;
using OptimizerBuild.Bench.Reporting;
using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Pipeline.Learning;
using OptimizerBuild.Pipeline.Recipes;

namespace OptimizerBuild.Bench.Commands;

/// <summary>
/// <c>equalization</c>: what the default recipe's forecast says of models, and what its trial would find where the forecast does not ask
/// for
/// one: how noisy the outputs are in both forms on samples that calibrated neither.
/// </summary>
internal sealed class EqualizationCommand : BenchCommand
{
    private static readonly Table<EqualizationRow> Columns = new(
        new("model", r => r.Model, Width: 34),
        new("forecast, dB", r => r.Forecast, "F2", 12),
        new("judges", r => r.Figures?.Samples, "N0", 7),
        new("plain, dB", r => r.Figures?.Plain, "F1", 9),
        new("equalised", r => r.Figures?.Equalised, "F1", 9),
        new("gain, dB", r => r.Figures?.Gain, "F2", 9),
        new("standard errors", r => r.Figures?.Errors, "F1", 15),
        new("result", r => r.Result));

    private readonly ModelSelection _models;

    /// <summary>Declares the command and its options.</summary>
    public EqualizationCommand()
        : base("equalization", "Forecast and trial of equalisation by the default recipe, a trial also where the forecast asks for none") =>
        _models = new(this);

    /// <inheritdoc/>
    protected override int Run(ParseResult line)
    {
        Columns.Print(_models.Of(line).Where(m => (m.Calibration ?? m.Evaluation) is not null).Select(Measure));
        return 0;
    }

    private static EqualizationRow Measure(BenchModel model)
    {
        ModelOptions options = model.Options();
        ImportedModel imported = new ModelSource(options, default).Main(SilentProgress.Instance);
        var samples = new ItemSamples(options, imported, default);
        TrialLowering lowering = ModelCompiler.Trials(options, imported);
        var context = new CompressionContext(options, new Teacher(imported.Graph), samples, lowering, SilentProgress.Instance, default);
        var trial = new EqualizationTrial(context, samples, lowering)
        {
            LeastForecast = double.NegativeInfinity, MostWork = double.PositiveInfinity,
        };
        CompressionRun run = trial.Run(new(PassPipeline.Run(imported.Graph)));
        return new(model.Name, trial.Forecast, trial.Figures,
            run.Accounts.FirstOrDefault(a => a.Technique == RecipeSearch.Step)?.Notes[^1] ?? "nothing can move");
    }

    /// <summary>A model.</summary>
    private sealed record EqualizationRow(string Model, double? Forecast, EqualizationFigures? Figures, string Result);
}
