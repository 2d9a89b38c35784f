using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Metrics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>
/// Chooses techniques by trying them: each candidate goes the whole way through the techniques, is lowered, and is judged by samples on
/// which nothing was fitted. The order in which candidates are tried is fixed, and nothing in it depends on time: the same item gives the
/// same choice everywhere.
/// </summary>
/// <param name="options">The item: what it says of a technique holds, and is not searched.</param>
/// <param name="measure">Builds a candidate and judges it.</param>
/// <param name="progress">Hears what is tried.</param>
internal sealed class RecipeSearch(ModelOptions options, Func<ModelOptions, Measurement> measure, IBuildProgress progress)
{
    /// <summary>The name of the step, for progress and the report.</summary>
    public const string Step = "Recipe";

    private static readonly string[] Shares = ["0.3", "0.5", "0.6", "0.7", "0.75", "0.8", "0.85", "0.9", "0.93", "0.95"];
    private static readonly string[] Values = ["128", "64", "32", "16"];
    private static readonly string[] WorkShares = ["0.1", "0.2", "0.3", "0.4", "0.5", "0.6"];

    private readonly List<string> _notes = [];
    private int _tried;
    private bool _isCut;

    /// <summary>What was tried and what came of it, one line each.</summary>
    public IReadOnlyList<string> Notes => _notes;

    /// <summary>The most that may be lost, in the unit of the metric.</summary>
    /// <remarks>
    /// What the item allows, where it is judged by the same metric; else half a percentage point of classes, 3 % of an error, and a
    /// hundredth of a cosine or R². A share of few samples says little about that of others, and of many candidates the one with the best
    /// luck is taken: it has to keep a standard deviation of what is allowed away from it.
    /// </remarks>
    /// <param name="options">The item.</param>
    /// <param name="measurement">A measurement with the metric.</param>
    /// <param name="hasOwnLabels">Whether labels or targets of the data are judged by.</param>
    /// <param name="deviations">How many standard deviations are added.</param>
    public static double Allowed(ModelOptions options, Measurement measurement, bool hasOwnLabels, int deviations = -1)
    {
        Metric metric = AccuracyMeasurement.Create(Enum.GetValues<AccuracyMetric>()
            .First(k => AccuracyMeasurement.Create(k).DisplayName == measurement.Metric));
        double allowed = (hasOwnLabels || metric.IsShare ? options.MaxAccuracyDrop : null)
            ?? (metric.RelativeDrop ? 0.03 : metric.IsShare ? 0.005 : 0.01);
        return !metric.IsShare ? allowed
            : Math.Max(allowed + (deviations * Math.Sqrt(allowed * Math.Max(1 - allowed, 0) / Math.Max(measurement.Samples, 1))), 0);
    }

    /// <summary>Whether a measurement is accurate enough; set by whoever knows the samples.</summary>
    public required Func<Measurement, bool> IsAccurate { get; init; }

    /// <summary>Whether what a measurement lacks in accuracy may be chance: then integers alone are not given up for it.</summary>
    public required Func<Measurement, bool> IsBearable { get; init; }

    /// <summary>What fewer bits cost in each layer under given options; null where bits are not chosen layer by layer.</summary>
    public Func<ModelOptions, IReadOnlyList<LayerBits>>? CostOfBits { get; init; }

    /// <summary>What the search may do; the candidates that a recipe begins with are tried in any case.</summary>
    public SearchWork Work { get; init; } = new(0, 0);

    /// <summary>Searches.</summary>
    /// <returns>The candidate to ship.</returns>
    public RecipeCandidate Choose()
    {
        RecipeCandidate start = RecipeCandidate.Of(options);
        if (options.Precision == ModelPrecision.Mixed)
            start = Mixed(start.With([(nameof(ModelOptions.Precision), nameof(ModelPrecision.Auto))]));
        RecipeCandidate chosen = options.Compression switch
        {
            CompressionRecipe.Smallest => Equalized(Smallest(start)),
            CompressionRecipe.Fastest => Equalized(Fastest(start)),
            _ => start,
        };
        if (_isCut)
            _notes.Add("the model is so large that the search ended before all was tried");
        return chosen;
    }

    // Factors that move between layers cost nothing, and help some models and harm others.
    private RecipeCandidate Equalized(RecipeCandidate from)
    {
        if (from.Options.Equalize is not null || from.Options.Precision == ModelPrecision.Float32 || from.Measurement is not { } before
            || !Ships(from) || !Allows(Work.AllowsCandidate))
            return from;
        RecipeCandidate candidate = Try(from.With([(nameof(ModelOptions.Equalize), "True")]));
        return candidate.Measurement is { } after && Ships(candidate) && after.Drop < before.Drop
            && after.WeightBytes <= before.WeightBytes && after.Nanoseconds <= before.Nanoseconds ? candidate : from;
    }

    // Bits of each layer, from all of 8 bits on.
    private RecipeCandidate Mixed(RecipeCandidate from)
    {
        from = Try(from);
        return Ships(from) ? FewerBits(from) : InFloat32(from);
    }

    // Layer after layer gets fewer bits as long as the model ships, or until it is small enough.
    private RecipeCandidate FewerBits(RecipeCandidate from)
    {
        if (Fits(from) || CostOfBits is null || !Allows(Work.AllowsBits))
            return from;
        Work.CountBits();
        progress.Report(Step, 1 - (1.0 / (1 + _tried)), "bits of single layers");
        ImmutableArray<BitStep> steps = BitSteps.Of(CostOfBits(from.Options), from.Options.Precision == ModelPrecision.Int4 ? 4 : 8);
        if (steps.Length == 0)
            return from;
        ImmutableArray<(string, string)>[] rules = [.. Enumerable.Range(1, steps.Length).Select(count =>
            ImmutableArray.Create((nameof(ModelOptions.Layers), BitSteps.Rules(steps.AsSpan()[..count], options.Layers))))];
        RecipeCandidate chosen = Strongest(from, new([.. rules]), m => m.WeightBytes);
        int taken = Array.FindIndex(rules, r => chosen.Metadata.Contains(r[0])) + 1;
        _notes.AddRange(steps.Take(taken).Select(s => "fewer bits: " + s));
        if (taken < steps.Length)
            _notes.Add($"the next step of {steps.Length}, not taken{(Fits(chosen) ? " because the size is reached" : "")}: {steps[taken]}");
        return chosen;
    }

    // Bits first, since they decide how many zeros are bearable; then zeros, then shared values. Entropy codes lose nothing.
    private RecipeCandidate Smallest(RecipeCandidate start)
    {
        RecipeCandidate plain = start.With([(nameof(ModelOptions.EntropyCoding), "True")]);
        RecipeCandidate[] starts = options.Precision == ModelPrecision.Auto
            ? [plain.With([(nameof(ModelOptions.Precision), nameof(ModelPrecision.Int4))]), plain] : [plain];
        RecipeCandidate? best = null;
        foreach (RecipeCandidate bits in starts)
        {
            RecipeCandidate candidate = Try(bits);
            if (bits == plain)
                plain = candidate;
            if (!Ships(candidate))
                continue;
            candidate = Strongest(candidate, RecipeAxis.Of(nameof(ModelOptions.Sparsity), Shares), m => m.WeightBytes);
            if (candidate.Options.Precision != ModelPrecision.Int4)
                candidate = Strongest(candidate, RecipeAxis.Of(nameof(ModelOptions.Clusters), Values), m => m.WeightBytes);
            if (best is null || IsBetter(candidate, best))
                best = candidate;
        }
        return best is null ? InFloat32(plain) : options.Precision == ModelPrecision.Auto ? FewerBits(best) : best;
    }

    // What is small enough, the most accurate first; else what is smaller.
    private bool IsBetter(RecipeCandidate candidate, RecipeCandidate than) => (Fits(candidate), Fits(than)) switch
    {
        (true, true) => candidate.Measurement!.Drop < than.Measurement!.Drop,
        (false, false) => candidate.Measurement!.WeightBytes < than.Measurement!.WeightBytes,
        (var fits, _) => fits,
    };

    // Whether a size is asked for, and reached: then nothing more is given for it.
    private bool Fits(RecipeCandidate candidate) => options.MaxSize is { } most && candidate.Measurement!.WeightBytes <= most;

    // Where integers alone lose too much, float32 is what may ship.
    private RecipeCandidate InFloat32(RecipeCandidate fallen)
    {
        if (fallen.Measurement is { } measurement && IsBearable(measurement))
            return fallen;
        RecipeCandidate exact = fallen.Options.Precision == ModelPrecision.Auto
            ? Try(fallen.With([(nameof(ModelOptions.Precision), nameof(ModelPrecision.Float32))])) : fallen;
        if (Ships(exact))
            return exact;
        _notes.Add("nothing that was tried keeps the accuracy that is asked for");
        return fallen;
    }

    // Each technique that lessens the work by itself, then the others on top of the one that brings most.
    private RecipeCandidate Fastest(RecipeCandidate start)
    {
        RecipeCandidate best = Try(start);
        if (!Ships(best))
            return InFloat32(best);
        RecipeAxis[] axes =
        [
            RecipeAxis.Of(nameof(ModelOptions.Sparsity), WorkShares,
                (nameof(ModelOptions.SparsityPattern), nameof(SparsityPattern.Channel))),
            RecipeAxis.Of(nameof(ModelOptions.Sparsity), ["0.3", "0.5", "0.6", "0.7", "0.8", "0.9"],
                (nameof(ModelOptions.SparsityPattern), nameof(SparsityPattern.Block))),
            RecipeAxis.Of(nameof(ModelOptions.Fold), WorkShares),
            RecipeAxis.Of(nameof(ModelOptions.Rank), [RankAmount.Automatic, "0.7", "0.5", "0.3"]),
        ];
        while (true)
        {
            RecipeCandidate[] stronger = [.. axes.Select(a => Strongest(best, a, m => m.Nanoseconds)).Where(c => c != best)];
            if (stronger.Length == 0)
                return best;
            best = stronger.MinBy(c => c.Measurement!.Nanoseconds)!;
        }
    }

    // The strongest step of an axis that may ship and gains something, the mildest that is small enough where a size is asked for; the
    // candidate itself where there is none.
    private RecipeCandidate Strongest(RecipeCandidate from, RecipeAxis axis, Func<Measurement, double> cost)
    {
        // Channels are either merged or left out.
        bool isForSize = options.Compression != CompressionRecipe.Fastest;
        if ((isForSize && Fits(from)) || !axis.IsFree(from.Options)
            || from.With(axis.Steps[0]).Options is { Sparsity: > 0, SparsityPattern: SparsityPattern.Channel, Fold: > 0 })
            return from;
        RecipeCandidate best = from;
        (int ships, int fails) = (-1, axis.Steps.Length);
        while (fails - ships > 1 && Allows(Work.AllowsCandidate))
        {
            int step = (ships + fails) / 2;
            RecipeCandidate candidate = Try(from.With(axis.Steps[step]));
            if (!Ships(candidate))
            {
                fails = step;
                continue;
            }
            if (isForSize && Fits(candidate))
            {
                (fails, best) = (step, candidate);
                continue;
            }
            ships = step;
            if (cost(candidate.Measurement!) < cost(best.Measurement!))
                best = candidate;
        }
        return best;
    }

    private bool Allows(bool enough)
    {
        _isCut |= !enough;
        return enough;
    }

    private bool Ships(RecipeCandidate candidate) => candidate.Measurement is { } measurement && IsAccurate(measurement);

    private RecipeCandidate Try(RecipeCandidate candidate)
    {
        Work.CountCandidate();
        // How many there will be is not known; the line says which it is.
        progress.Report(Step, 1 - (1.0 / (1 + _tried++)), candidate.Text);
        try
        {
            candidate = candidate with { Measurement = measure(candidate.Options) };
        }
        catch (ModelException e) when (e.Diagnostic.Descriptor == DiagnosticCatalog.TooFewChannels)
        {
            candidate = candidate with { Obstacle = e.Diagnostic };
        }
        _notes.Add(candidate.Describe(Ships(candidate)));
        return candidate;
    }
}
