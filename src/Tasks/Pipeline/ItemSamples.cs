using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>A model's samples: read from the files that the options name, or made up.</summary>
/// <param name="options">What the item asks for.</param>
/// <param name="model">The model as imported.</param>
/// <param name="cancellation">Stops the work; checked between files.</param>
internal sealed class ItemSamples(ModelOptions options, ImportedModel model, CancellationToken cancellation) : ISampleSource
{
    // Every other sample of data that serve for both: these to learn from, the others to judge by.
    private const int Parts = 2;

    // Of fewer there is nothing to learn; then all of them judge.
    private const int FewestDivided = 8;

    private DataSet? _evaluation;
    private bool? _isShared;

    // Whether what is learned from and what is judged by come from one file, whatever the item calls it.
    private bool IsShared => _isShared ??= (options.Learns || options.SelfTraining) && options.EvaluationData is { } judged
        && (options.CalibrationData is not { } learned || learned == judged || Paths(learned).Overlaps(Paths(judged)));

    private bool IsDivided => IsShared && Split(EvaluationSet(), int.MaxValue).Samples.Count >= FewestDivided;

    /// <summary>Samples to calibrate on: from the data for it, else the inputs of the evaluation data, else made up.</summary>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet Calibration() => IsDivided
        ? Some(Split(EvaluationSet(), int.MaxValue), 0, options.CalibrationSamples) with { Labels = null }
        : options.CalibrationData is { } spec ? Split(Read(spec, options.CalibrationSamples), options.CalibrationSamples)
        : options.EvaluationData is not null
            ? Split(EvaluationSet(), options.CalibrationSamples) with { Labels = null, IsFromEvaluation = true }
        : SyntheticCalibration.Create(model.Graph, ranges: ByteRanges());

    /// <summary>
    /// All of the user's samples that techniques may look at: those for calibration, else the inputs of the evaluation data, of which only
    /// those that are learned from where a part is learned from; null where there are neither.
    /// </summary>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet? Whole() => IsDivided ? Learned()
        : options.CalibrationData is { } spec ? Split(Read(spec, int.MaxValue), int.MaxValue)
        : options.EvaluationData is not null ? Split(EvaluationSet(), int.MaxValue) with { Labels = null, IsFromEvaluation = true }
        : null;

    /// <summary>Samples, evenly spaced, of those from which <see cref="Calibration"/> takes its own and which it leaves; of twice as many
    /// as it takes, so that not all are read.</summary>
    /// <param name="most">How many at most.</param>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet HeldOut(int most)
    {
        int fitted = options.CalibrationSamples, read = (int)Math.Min(2L * fitted, int.MaxValue);
        SampleSet? all = IsDivided ? null
            : options.CalibrationData is { } spec ? Split(Read(spec, read), read)
            : options.EvaluationData is not null ? Split(EvaluationSet(), read)
            : null;
        if (all is not { Samples.Count: var count } || count <= fitted)
            return SampleSet.Empty;
        // Evenly spaced ones of twice as many are every other one, and those of fewer are the same as of all.
        int[] others = [.. Enumerable.Range(0, count).Except(Enumerable.Range(0, fitted)
            .Select(i => SampleSplitter.OriginalIndex(i, fitted, count)))];
        int taken = Math.Min(most, others.Length);
        return all.At([.. Enumerable.Range(0, taken).Select(i => others[SampleSplitter.OriginalIndex(i, taken, others.Length)])])
            with { Labels = null };
    }

    /// <inheritdoc/>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet? Evaluation() => options.EvaluationData is null ? null
        : IsDivided ? Some(Split(EvaluationSet(), int.MaxValue), 1, int.MaxValue) : Split(EvaluationSet(), int.MaxValue);

    /// <inheritdoc/>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet? Training()
    {
        if (!IsShared)
            return options.CalibrationData is { } spec ? Split(Read(spec, int.MaxValue), int.MaxValue) : null;
        return IsDivided ? Learned() : Split(EvaluationSet(), int.MaxValue).At([]) with { Labels = null };
    }

    /// <summary>The samples from which a new head learns, with their labels.</summary>
    /// <exception cref="ModelException">The data cannot be read or does not fit, or they are those that judge.</exception>
    public SampleSet Head()
    {
        if (options.EvaluationData is { } judges && Paths(options.Head!).Overlaps(Paths(judges)))
            throw new ModelException(DiagnosticCatalog.HeadDoesNotFit,
                $"Head=\"{options.Head!.Spec}\" and EvaluationData=\"{judges.Spec}\" name the same files, and what is learned from "
                    + "cannot judge");
        return Split(Read(options.Head!, null), int.MaxValue);
    }

    // The part of the samples for both that is learned from.
    private SampleSet Learned()
    {
        SampleSet all = Split(EvaluationSet(), int.MaxValue), learned = Some(all, 0, int.MaxValue);
        return learned with
        {
            // Labels are there to judge by.
            Labels = null,
            Diagnostics = [.. all.Diagnostics, Diagnostic.Of(DiagnosticCatalog.OneFileForTraining, null,
                learned.Samples.Count, all.Samples.Count - learned.Samples.Count)],
        };
    }

    private static HashSet<string> Paths(DataSpec spec) => DataSetReader.Files(spec.Spec, spec.BaseFolder).Select(Path.GetFullPath)
        .ToHashSet(OperatingSystem.IsLinux() ? StringComparer.Ordinal : StringComparer.OrdinalIgnoreCase);

    // Every other sample, evenly spaced ones of these where there are more than wanted.
    private static SampleSet Some(SampleSet all, int first, int maximum)
    {
        int[] own = [.. Enumerable.Range(0, all.Samples.Count).Where(i => i % Parts == first)];
        int count = Math.Min(own.Length, maximum);
        return all.At([.. Enumerable.Range(0, count).Select(i => own[SampleSplitter.OriginalIndex(i, count, own.Length)])]);
    }

    /// <summary>Whether only labels matter, as for whoever asks what a model's classes are: images are not decoded then.</summary>
    public bool IsForLabels { get; init; }

    /// <summary>What files become that are one sample of a model each.</summary>
    /// <param name="options">What the item asks for.</param>
    /// <param name="model">The model as imported.</param>
    public static SampleForm FormOf(ModelOptions options, ImportedModel model) => SampleForm.Of(options, model.Graph) with
    {
        OwnLabels = model.Labels is { } own ? [.. own.Labels] : null,
    };

    private DataSet EvaluationSet() => _evaluation ??= Read(options.EvaluationData!, null);

    private DataSet Read(DataSpec spec, int? selected) => DataSetReader.Read(
        spec.Spec, spec.BaseFolder, DataLimits.Default, options.LabelKey, cancellation,
        FormOf(options, model) with
        {
            Maximum = selected ?? int.MaxValue,
            IsSelection = selected is not null,
            IsForLabels = IsForLabels,
        });

    private SampleSet Split(DataSet data, int maximum) =>
        SampleSplitter.ToSamples(data, model.Graph, InputAdaptation.Of(options), maximum);

    // What bytes become by the item's scale and offset, the widest of all channels; null where callers pass floats.
    private Dictionary<string, (double Low, double High)>? ByteRanges()
    {
        if (options.InputType != InputElement.UInt8)
            return null;
        double low = options.InputOffset.Min();
        double high = (options.InputScale.Max() * 255) + options.InputOffset.Max();
        return model.Graph.Inputs
            .Where(i => model.Graph.TypeOf(i).Element == ElementType.Float32)
            .ToDictionary(i => i, _ => (low, high), StringComparer.Ordinal);
    }
}
