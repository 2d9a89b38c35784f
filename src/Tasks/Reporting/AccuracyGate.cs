using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Metrics;

namespace OptimizerBuild.Reporting;

/// <summary>Fails the build of a model whose accuracy dropped further than its item allows.</summary>
internal static class AccuracyGate
{
    // Figures such as 0.92 - 0.915 are not exact in binary; a drop of exactly the limit passes.
    private const double Tolerance = 1e-9;

    /// <summary>Checks a report against the item's <c>MaxAccuracyDrop</c> and <c>MaxClassAccuracyDrop</c>.</summary>
    /// <exception cref="ModelException">A drop is larger, or a figure is not a number.</exception>
    public static void Check(ModelReport report, double? maxDrop, double? maxClassDrop = null)
    {
        if (Faults(report, maxDrop, maxClassDrop).ToImmutableArray() is { Length: > 0 } faults)
            throw new ModelException(faults);
    }

    /// <summary>What a report has against the item's <c>MaxAccuracyDrop</c> and <c>MaxClassAccuracyDrop</c>: drops that are larger, figures
    /// that are not numbers.</summary>
    public static IEnumerable<Diagnostic> Faults(ModelReport report, double? maxDrop, double? maxClassDrop)
    {
        if (OfMean(report, maxDrop) is { } mean)
            yield return mean;
        if (maxClassDrop is not { } limit || report is not { Metric: { } name, WorstClass: { } worst }
            || worst.FloatMetric - worst.CompressedMetric <= limit + Tolerance)
            yield break;
        Metric metric = MetricText.Find(name);
        (string before, string after) = MetricText.Pair(metric, worst.FloatMetric, worst.CompressedMetric);
        yield return Diagnostic.Of(DiagnosticCatalog.ClassAccuracyExceeded, null, worst.Name, name, before, after,
            worst.Samples.ToString("N0", CultureInfo.InvariantCulture),
            MetricText.Drop(metric, worst.FloatMetric - worst.CompressedMetric), limit.ToString("R", CultureInfo.InvariantCulture));
    }

    private static Diagnostic? OfMean(ModelReport report, double? maxDrop)
    {
        if (maxDrop is not { } limit || report.Metric is not { } name)
            return null;
        double original = report.FloatMetric ?? double.NaN;
        double compressed = report.CompressedMetric ?? double.NaN;
        Metric metric = MetricText.Find(name);
        double drop = metric.Drop(original, compressed);
        if (drop <= limit + Tolerance)
            return null;
        (string before, string after) = MetricText.Pair(metric, original, compressed);
        return Diagnostic.Of(DiagnosticCatalog.AccuracyExceeded, null, name, before, after,
            report.Samples.ToString("N0", CultureInfo.InvariantCulture), MetricText.Drop(metric, drop),
            limit.ToString("R", CultureInfo.InvariantCulture));
    }
}
