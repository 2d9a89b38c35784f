using System.Collections.Immutable;
using OptimizerBuild.Compression;
using OptimizerBuild.Data;
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

    private readonly Func<SampleSet?> _evaluation;

    private HeldOutSamples(SampleSet fitted, SampleSet judges, bool hasLabels, Func<SampleSet?> evaluation)
    {
        (Fitted, Judges, HasLabels) = (fitted, judges, hasLabels);
        _evaluation = evaluation;
    }

    /// <summary>The samples to fit on.</summary>
    public SampleSet Fitted { get; }

    /// <summary>The samples to choose by.</summary>
    public SampleSet Judges { get; }

    /// <summary>Whether the labels of the judges are the data's own; otherwise they have none, or what the float model says.</summary>
    public bool HasLabels { get; }

    /// <summary>Divides an item's samples; null where there are too few.</summary>
    /// <param name="options">The item.</param>
    /// <param name="samples">Its samples.</param>
    /// <param name="teacher">The float model, whose classes are the labels of a classifier's samples that have none.</param>
    /// <param name="cancellation">Stops the work.</param>
    /// <exception cref="Diagnostics.ModelException">The data cannot be read or does not fit.</exception>
    public static HeldOutSamples? Of(ModelOptions options, ItemSamples samples, Teacher teacher, CancellationToken cancellation)
    {
        if (samples.Whole() is not { Samples.Count: >= 4 } whole)
            return null;
        int all = whole.Samples.Count, fitted = Math.Min(options.CalibrationSamples, all / 2);
        ImmutableArray<int> own = [.. Enumerable.Range(0, fitted).Select(i => SampleSplitter.OriginalIndex(i, fitted, all))];
        int[] others = [.. Enumerable.Range(0, all).Except(own)];
        int judges = Math.Min(MostJudges, others.Length);
        SampleSet judged = whole.At(
            [.. Enumerable.Range(0, judges).Select(i => others[SampleSplitter.OriginalIndex(i, judges, others.Length)])]);
        bool hasLabels = judged.Labels is not null;
        if (!hasLabels && IsClassifier(options, samples, teacher))
            judged = judged with { Labels = ClassesOf(teacher, judged, cancellation) };
        return new(whole.At(own), judged, hasLabels, samples.Evaluation);
    }

    /// <inheritdoc/>
    public SampleSet Calibration() => Fitted;

    /// <inheritdoc/>
    public SampleSet? Evaluation() => _evaluation();

    private static bool IsClassifier(ModelOptions options, ItemSamples samples, Teacher teacher) =>
        options.Metric is null or AccuracyMetric.Top1 or AccuracyMetric.Top5
        && (options.Task == ModelTask.Classification || (samples.Evaluation() is { } evaluation
            && AccuracyMeasurement.Decide(options, teacher.Graph, evaluation).Classes > 0));

    // Null where no output has one row of scores a sample.
    private static Tensor? ClassesOf(Teacher teacher, SampleSet samples, CancellationToken cancellation)
    {
        if (teacher.Graph.Outputs.IndexOf(teacher.Graph.Outputs.FirstOrDefault(o =>
            teacher.Graph.TypeOf(o) is { Element: ElementType.Float32, Count: > 1 }, "")) is not (>= 0 and var scores)
            || teacher.Graph.TypeOf(teacher.Graph.Outputs[scores]) is not { Dimensions: [.. var rows, _] } || rows.Any(d => d != 1))
            return null;
        var classes = new long[samples.Samples.Count];
        foreach (TeacherBatch batch in teacher.Batches(samples, cancellation))
            for (int i = 0; i < batch.Outputs.Length; i++)
            {
                float[] values = batch.Outputs[i][scores].Values<float>();
                classes[batch.Start + i] = Array.IndexOf(values, values.Max());
            }
        return Tensor.Of(classes, classes.Length);
    }
}
