using System.Globalization;
using OptimizerBuild.Metrics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Reporting;

/// <summary>How a metric's figures read in messages.</summary>
internal static class MetricText
{
    /// <summary>The metric with a name of reports, for example <c>Top-1</c>.</summary>
    public static Metric Find(string displayName) => All.First(m => m.DisplayName == displayName);

    /// <summary>Whether a metric has this name in reports.</summary>
    public static bool Knows(string displayName) => All.Any(m => m.DisplayName == displayName);

    private static IEnumerable<Metric> All => Enum.GetValues<AccuracyMetric>().Select(AccuracyMeasurement.Create);

    /// <summary>Two figures with as many digits as it takes to tell them apart, at most four more than usual.</summary>
    public static (string Original, string Compressed) Pair(Metric metric, double original, double compressed)
    {
        int decimals = 1;
        while (decimals < 5 && original != compressed && Figure(metric, original, decimals) == Figure(metric, compressed, decimals))
            decimals++;
        return (Figure(metric, original, decimals), Figure(metric, compressed, decimals));
    }

    /// <summary>A drop in the unit of the figures.</summary>
    public static string Drop(Metric metric, double drop) => metric.IsShare
        ? (drop * 100).ToString("0.###", CultureInfo.InvariantCulture) + " percentage points"
        : metric.RelativeDrop
            ? (drop * 100).ToString("0.###", CultureInfo.InvariantCulture) + " % more error"
            : drop.ToString("G4", CultureInfo.InvariantCulture);

    private static string Figure(Metric metric, double value, int decimals) => metric.IsShare
        ? (value * 100).ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) + " %"
        : value.ToString("G" + (decimals + 3).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
}
