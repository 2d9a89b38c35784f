using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Metrics;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>What a recipe comes to for a model.</summary>
/// <param name="Options">The item's options with the techniques that were chosen.</param>
/// <param name="Notes">What was tried and chosen, for the report; empty where the recipe is no search.</param>
internal sealed record RecipeChoice(ModelOptions Options, IReadOnlyList<string> Notes)
{
    // Differences of figures are not exact in binary.
    private const double Tolerance = 1e-9;

    /// <summary>Follows the recipe of an item.</summary>
    /// <param name="options">The item.</param>
    /// <param name="imported">The model as imported.</param>
    /// <param name="graph">The model after the passes.</param>
    /// <param name="trials">How candidates with given options are lowered to be judged.</param>
    /// <param name="progress">Hears what is tried.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public static RecipeChoice Of(
        ModelOptions options, ImportedModel imported, Graph graph, Func<ModelOptions, ITrialLowering> trials, IBuildProgress progress,
        CancellationToken cancellation)
    {
        if (options.Compression is not (CompressionRecipe.Smallest or CompressionRecipe.Fastest))
            return new(options, []);
        var teacher = new Teacher(imported.Graph);
        if (HeldOutSamples.Of(options, new ItemSamples(options, imported.Graph, cancellation), teacher, cancellation) is not { } samples)
            return options.Compression == CompressionRecipe.Smallest
                ? new(options with { EntropyCoding = true }, ["no data to choose by: entropy codes alone, which lose nothing"])
                : new(options, ["no data to choose by: nothing that loses accuracy"]);
        var search = new RecipeSearch(options, o => Measure(o), progress)
        {
            IsAccurate = m => m.Drop <= RecipeSearch.Allowed(options, m, samples.HasLabels) + Tolerance,
            IsBearable = m => m.Drop <= RecipeSearch.Allowed(options, m, samples.HasLabels, deviations: 1) + Tolerance,
        };
        RecipeCandidate chosen = search.Choose();
        return new(chosen.Options,
        [
            FormattableString.Invariant($"fitted on {samples.Fitted.Samples.Count} samples ")
                + FormattableString.Invariant($"and judged on {samples.Judges.Samples.Count} others")
                + (samples.HasLabels ? " by their labels"
                    : samples.Measurement.Reference == MetricReference.Labels ? " by the float model's classes" : ""),
            .. search.Notes,
            "chosen: " + (chosen.Text.Length == 0 ? "the item as it is" : chosen.Text),
        ]);

        Measurement Measure(ModelOptions candidate)
        {
            cancellation.ThrowIfCancellationRequested();
            var context = new CompressionContext(candidate, teacher, samples, trials(candidate), SilentProgress.Instance, cancellation);
            return context.Measure(CompressionTechniques.Run(new(graph), context).Model, samples.Judges, samples.Measurement);
        }
    }
}
