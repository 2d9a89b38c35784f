using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
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
    /// <summary>The bytes of weights that the chosen candidate was measured with; null where nothing was measured.</summary>
    public long? Bytes { get; init; }

    // Differences of figures are not exact in binary.
    private const double Tolerance = 1e-9;

    /// <summary>Follows the recipe of an item.</summary>
    /// <param name="options">The item.</param>
    /// <param name="imported">The model as imported.</param>
    /// <param name="graph">The model after the passes, or the student that has taken its place.</param>
    /// <param name="source">The item's samples.</param>
    /// <param name="trials">How candidates with given options are lowered to be judged.</param>
    /// <param name="progress">Hears what is tried.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public static RecipeChoice Of(
        ModelOptions options, ImportedModel imported, Graph graph, ItemSamples source, Func<ModelOptions, ITrialLowering> trials,
        IBuildProgress progress, CancellationToken cancellation)
    {
        bool isMixed = options.Precision == ModelPrecision.Mixed;
        if (options.Compression is not (CompressionRecipe.Smallest or CompressionRecipe.Fastest) && !isMixed)
            return new(options, []);
        var teacher = new Teacher(imported.Graph);
        if (HeldOutSamples.Of(options, source, teacher, cancellation) is not { } samples)
            return WithoutData(options, graph, bits => BytesOf(bits));

        // Where a size alone is asked for, it is reached at any price, the most accurate way.
        bool isForSize = options is { MaxSize: not null, MaxAccuracyDrop: null } && options.Compression != CompressionRecipe.Fastest;
        var common = new CommonFindings();
        var search = new RecipeSearch(options, o => Measure(o), progress)
        {
            Work = SearchWork.Of(graph, samples.Fitted.Samples.Count, samples.Judges.Samples.Count),
            CostOfBits = CostOfBits,
            IsAccurate = m => isForSize || m.Drop <= RecipeSearch.Allowed(options, m, samples.HasLabels) + Tolerance,
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
        ])
        {
            Bytes = chosen.Measurement?.WeightBytes,
        };

        CompressionContext Context(ModelOptions candidate)
        {
            cancellation.ThrowIfCancellationRequested();
            return new(candidate, teacher, samples, trials(candidate), SilentProgress.Instance, cancellation) { Common = common };
        }

        long BytesOf(ModelOptions candidate)
        {
            var context = new CompressionContext(candidate, teacher, source, trials(candidate), SilentProgress.Instance, cancellation);
            CompressedModel model = CompressionTechniques.Run(new(graph), context, from: CompressionStage.ReduceRanks).Model;
            return trials(candidate).Lower(model, cancellation).WeightBytes.Value;
        }

        Measurement Measure(ModelOptions candidate)
        {
            CompressionContext context = Context(candidate);
            CompressedModel model = CompressionTechniques.Run(new(graph), context, from: CompressionStage.ReduceRanks).Model;
            return context.Measure(model, samples.Judges, samples.Measurement);
        }

        IReadOnlyList<LayerBits> CostOfBits(ModelOptions candidate)
        {
            CompressionContext context = Context(candidate);
            CompressionRun run = CompressionTechniques.Run(
                new(graph), context, until: CompressionStage.Quantize, from: CompressionStage.ReduceRanks);
            return new Quantizer(QuantizationTechnique.OptionsOf(context)).CostOfBits(run.Model.Graph, samples.Fitted, cancellation);
        }
    }

    // What is asked for as far as it can be had without choosing.
    private static RecipeChoice WithoutData(ModelOptions options, Graph graph, Func<ModelOptions, long> bytesOf)
    {
        IReadOnlyList<string> bits = [];
        if (options.Precision == ModelPrecision.Mixed)
            (options, bits) = options.MaxSize is { } most ? BitsBySize(options, graph, most, bytesOf)
                : (options with { Precision = ModelPrecision.Int4 },
                    ["no data to choose bits by: 4 in each layer for which they suffice, as Precision=\"Int4\""]);
        return options.Compression switch
        {
            CompressionRecipe.Smallest => new(options with { EntropyCoding = true },
                ["no data to choose by: entropy codes alone, which lose nothing", .. bits]),
            CompressionRecipe.Fastest => new(options, ["no data to choose by: nothing that loses accuracy", .. bits]),
            _ => new(options, bits),
        };
    }

    // As few steps as reach the size, in the order of what rounding does to the weights themselves.
    private static (ModelOptions Options, IReadOnlyList<string> Notes) BitsBySize(
        ModelOptions options, Graph graph, long most, Func<ModelOptions, long> bytesOf)
    {
        ImmutableArray<BitStep> steps = BitSteps.Of(WeightNoise.Of(graph, options.Layers), 8);
        (int tooFew, int enough) = (-1, steps.Length);
        while (enough - tooFew > 1)
        {
            int count = (tooFew + enough) / 2;
            if (bytesOf(With(count)) <= most)
                enough = count;
            else
                tooFew = count;
        }
        return (With(enough),
        [
            FormattableString.Invariant($"no data to choose bits by: by the error of the weights, for {most:N0} bytes"),
            .. steps.Take(enough).Select(s => FormattableString.Invariant(
                $"fewer bits: '{s.Layer}' to {s.Precision}: {s.Bytes:F0} bytes for an error of {s.Noise:G3} of the weights' power")),
        ]);

        ModelOptions With(int count) => options with
        {
            Precision = ModelPrecision.Auto,
            Layers = LayerRules.Parse(BitSteps.Rules(steps.AsSpan()[..count], options.Layers)) ?? options.Layers,
        };
    }
}
