using System.Globalization;
using System.Text;

namespace OptimizerBuild.Reporting;

/// <summary>
/// One line about a model for the build's output, for example
/// <c>fashion-mobilenet: 160 KB → 42 KB (3.8×), Top-1 92.3 % → 92.2 % on 10,000 samples, outputs at 36.2 dB signal to noise, 42 KB scratch,
/// 5.9 M MACs (int8)</c>.
/// </summary>
internal static class SummaryLine
{
    /// <summary>The line.</summary>
    public static string Of(ModelReport report)
    {
        var line = new StringBuilder();
        line.Append(report.Model).Append(": ").Append(Bytes(report.FloatWeightBytes)).Append(" → ").Append(Bytes(report.WeightBytes));
        if (report.WeightBytes > 0)
            line.Append(CultureInfo.InvariantCulture, $" ({Significant((double)report.FloatWeightBytes / report.WeightBytes)}×)");
        if (report is { Metric: { } metric, FloatMetric: { } original, CompressedMetric: { } compressed })
        {
            (string before, string after) = MetricText.Pair(MetricText.Find(metric), original, compressed);
            line.Append(CultureInfo.InvariantCulture, $", {metric} {before} → {after} on {report.Samples:N0} samples");
            if (report.WorstClass is { } worst && worst.FloatMetric > worst.CompressedMetric)
                line.Append(CultureInfo.InvariantCulture,
                    $" ({worst.Name}: {MetricText.Drop(MetricText.Find(metric), worst.FloatMetric - worst.CompressedMetric)} less)");
        }
        if (report.OutputSignalToNoise is { } decibels)
            line.Append(CultureInfo.InvariantCulture,
                $", outputs at {decibels:F1} dB signal to noise{(report.IsCalibrationMadeUp ? " on made-up inputs" : "")}");
        line.Append(CultureInfo.InvariantCulture, $", {Bytes(report.ScratchBytes)} scratch, {Count(report.Macs)} MACs ({report.Precision}");
        if (report.IntegerMacShare is > 0 and < 1)
            line.Append(CultureInfo.InvariantCulture, $", {Math.Floor(report.IntegerMacShare * 1000) / 10:0.#} % of them in int8");
        if (report.HasScalesOfModel)
            line.Append(", with the model's own scales");
        if (report.IsEqualized is { } isEqualized)
            line.Append(isEqualized ? ", equalised" : ", not equalised after a trial");
        line.Append(')');
        if (report.Lineage is { } lineage)
            line.Append(", ").Append(lineage);
        if (report.Entries.Count > 1)
            line.Append(CultureInfo.InvariantCulture, $", {report.Entries.Count} sets of shapes");
        return line.ToString();
    }

    /// <summary>A size in bytes, KB or MB (of 1024).</summary>
    public static string Bytes(long bytes) => bytes switch
    {
        < 1024 => string.Create(CultureInfo.InvariantCulture, $"{bytes} bytes"),
        < 1024 * 1024 => Significant(bytes / 1024.0) + " KB",
        _ => Significant(bytes / (1024.0 * 1024)) + " MB",
    };

    private static string Count(long count) => count switch
    {
        < 1000 => count.ToString(CultureInfo.InvariantCulture),
        < 1_000_000 => Significant(count / 1e3) + " K",
        < 1_000_000_000 => Significant(count / 1e6) + " M",
        _ => Significant(count / 1e9) + " G",
    };

    // One decimal below ten, none above: more digits than that say nothing.
    private static string Significant(double value) => value.ToString(value < 9.95 ? "0.0" : "#,0", CultureInfo.InvariantCulture);
}
