using System.Globalization;
using OptimizerBuild.Pipeline;

namespace OptimizerBuild.Reporting;

/// <summary>How metrics are called, printed and compared.</summary>
internal static class Metrics
{
    /// <summary>The name of a metric in reports, in the plan and in the generated documentation.</summary>
    public static string Name(AccuracyMetric metric) => metric switch
    {
        AccuracyMetric.Top1 => "Top-1",
        AccuracyMetric.Top5 => "Top-5",
        AccuracyMetric.MeanSquaredError => "mean squared error",
        AccuracyMetric.Cosine => "cosine",
        AccuracyMetric.R2 => "R²",
        _ => throw new ArgumentOutOfRangeException(nameof(metric)),
    };

    /// <summary>
    /// By how much the compressed model is worse: the difference, for errors relative to the float model's. Negative where it is better.
    /// </summary>
    public static double Drop(string metric, double original, double compressed)
    {
        if (metric != Name(AccuracyMetric.MeanSquaredError))
            return original - compressed;
        return compressed == original ? 0 : original > 0 ? (compressed - original) / original : double.PositiveInfinity;
    }

    /// <summary>A figure for people: shares as percentages.</summary>
    public static string Figure(string metric, double value, int decimals) => IsShare(metric)
        ? (value * 100).ToString("F" + decimals.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture) + " %"
        : value.ToString("G" + (decimals + 3).ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>Two figures with as many digits as it takes to tell them apart, at most four more than usual.</summary>
    public static (string Original, string Compressed) Pair(string metric, double original, double compressed)
    {
        int decimals = 1;
        while (decimals < 5 && original != compressed && Figure(metric, original, decimals) == Figure(metric, compressed, decimals))
            decimals++;
        return (Figure(metric, original, decimals), Figure(metric, compressed, decimals));
    }

    /// <summary>A drop for people, in the unit of the figures.</summary>
    public static string DropText(string metric, double drop) => IsShare(metric)
        ? (drop * 100).ToString("0.###", CultureInfo.InvariantCulture) + " percentage points"
        : metric == Name(AccuracyMetric.MeanSquaredError)
            ? (drop * 100).ToString("0.###", CultureInfo.InvariantCulture) + " % more error"
            : drop.ToString("G4", CultureInfo.InvariantCulture);

    private static bool IsShare(string metric) => metric == Name(AccuracyMetric.Top1) || metric == Name(AccuracyMetric.Top5);
}
