using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Metrics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline.Recipes;

/// <summary>
/// The user's samples in two parts: some to fit on, and others, on which nothing was fitted, to choose by. Every technique looks good on
/// the samples that it has seen.
/// </summary>
internal sealed class HeldOutSamples : ISampleSource
{
    // Of this many, half a percentage point has a standard deviation of a ninth of a point.
    private const int MostJudges = 4096;

    private readonly Lazy<SampleSet?> _evaluation;

    private HeldOutSamples(SampleSet fitted, SampleSet judges, AccuracyMeasurement measurement, bool hasLabels, Lazy<SampleSet?> evaluation)
    {
        (Fitted, Judges, Measurement, HasLabels) = (fitted, judges, measurement, hasLabels);
        _evaluation = evaluation;
    }

    /// <summary>The samples to fit on.</summary>
    public SampleSet Fitted { get; }

    /// <summary>The samples to choose by.</summary>
    public SampleSet Judges { get; }

    /// <summary>What is measured on them.</summary>
    public AccuracyMeasurement Measurement { get; }

    /// <summary>Whether they are judged by labels or targets of the data.</summary>
    public bool HasLabels { get; }

    /// <summary>Divides an item's samples; null where there are too few.</summary>
    /// <param name="options">The item.</param>
    /// <param name="samples">Its samples.</param>
    /// <param name="teacher">The float model, whose classes are the labels of a classifier's samples that have none.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public static HeldOutSamples? Of(ModelOptions options, ItemSamples samples, Teacher teacher, CancellationToken cancellation)
    {
        if (samples.Whole() is not { Samples.Count: >= 4 } whole)
            return null;
        int all = whole.Samples.Count, fitted = Math.Min(options.CalibrationSamples, all / 2);
        ImmutableArray<int> own = [.. Enumerable.Range(0, fitted).Select(i => SampleSplitter.OriginalIndex(i, fitted, all))];
        int[] others = [.. Enumerable.Range(0, all).Except(own)];
        int judges = Math.Min(Math.Min(MostJudges, SearchWork.Judges(teacher.Graph)), others.Length);
        ImmutableArray<int> places =
            [.. Enumerable.Range(0, judges).Select(i => others[SampleSplitter.OriginalIndex(i, judges, others.Length)])];
        SampleSet judged = whole.At(places);
        var evaluation = new Lazy<SampleSet?>(samples.Evaluation);

        // What labels mean (from which number classes count, for example) only all of them tell.
        AccuracyMeasurement? measurement = whole.Labels is null ? null : Decided(options, teacher, whole)?.At(places);
        bool hasLabels = measurement is not null;
        if (!hasLabels && IsClassifier(options, evaluation, teacher))
            measurement = ByClassesOf(teacher, judged, cancellation);
        measurement ??= Decided(options with { Task = ModelTask.Other, Metric = null }, teacher, judged with { Labels = null, Data = null })
            ?? AccuracyMeasurement.Agreement;
        return new(whole.At(own), judged, measurement, hasLabels, evaluation);
    }

    /// <inheritdoc/>
    public SampleSet Calibration() => Fitted;

    /// <inheritdoc/>
    public SampleSet? Evaluation() => _evaluation.Value;

    // Labels of calibration data need not serve for anything: those that cannot be used count as none.
    private static AccuracyMeasurement? Decided(ModelOptions options, Teacher teacher, SampleSet samples)
    {
        try
        {
            return AccuracyMeasurement.Decide(options, teacher.Graph, samples);
        }
        catch (ModelException)
        {
            return null;
        }
    }

    private static bool IsClassifier(ModelOptions options, Lazy<SampleSet?> evaluation, Teacher teacher) => options.Metric switch
    {
        AccuracyMetric.Top1 or AccuracyMetric.Top5 => true,
        null => options.Task == ModelTask.Classification || options.LabelsPath is not null
            || (evaluation.Value is { } data && AccuracyMeasurement.Decide(options, teacher.Graph, data).Classes > 0),
        _ => false,
    };

    // Null where no output has one row of scores a sample.
    private static AccuracyMeasurement? ByClassesOf(Teacher teacher, SampleSet samples, CancellationToken cancellation)
    {
        Graph graph = teacher.Graph;
        int scores = graph.Outputs.IndexOf(
            graph.Outputs.FirstOrDefault(o => graph.TypeOf(o) is { Element: ElementType.Float32, Count: > 1 }, ""));
        if (scores < 0 || graph.TypeOf(graph.Outputs[scores]) is not { Dimensions: [.. var rows, var count] } || rows.Any(d => d != 1))
            return null;
        var classes = new float[samples.Samples.Count];
        foreach (TeacherBatch batch in teacher.Batches(samples, cancellation))
            for (int i = 0; i < batch.Outputs.Length; i++)
            {
                float[] values = batch.Outputs[i][scores].Values<float>();
                classes[batch.Start + i] = Array.IndexOf(values, values.Max());
            }
        return AccuracyMeasurement.OfClasses(scores, classes, count);
    }
}
