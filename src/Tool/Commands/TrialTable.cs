using System.Globalization;
using OptimizerBuild.Reporting;
using Spectre.Console;

namespace OptimizerBuild.Tool.Commands;

/// <summary>The table that <c>try</c> prints: one row for each way, the figures of the first beside which the others are read.</summary>
internal static class TrialTable
{
    /// <summary>The table.</summary>
    public static Table Of(IReadOnlyList<TriedVariant> tried)
    {
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumn("way");
        foreach (string title in (string[])["weights", "smaller", "accuracy", "signal to noise", "MACs", "one prediction", "faster"])
            table.AddColumn(new TableColumn(title).RightAligned());
        TriedVariant? original = tried.FirstOrDefault(t => t.Outcome is not null);
        foreach (TriedVariant t in tried)
            table.AddRow([.. Row(t, original).Select(c => new Text(c))]);
        return table;
    }

    private static IEnumerable<string> Row(TriedVariant tried, TriedVariant? original)
    {
        yield return tried.Variant.Name;
        if (tried.Outcome is not { } outcome)
        {
            yield return "failed: " + tried.Faults[0].Descriptor.Code;
            for (int i = 0; i < 6; i++)
                yield return "";
            yield break;
        }
        var report = ModelReport.Of(outcome);
        yield return SummaryLine.Bytes(report.WeightBytes);
        yield return report.WeightBytes == 0 ? "" : Times((double)report.FloatWeightBytes / report.WeightBytes);
        yield return report is { Metric: { } metric, FloatMetric: { } before, CompressedMetric: { } after }
            ? $"{metric} {MetricText.Pair(MetricText.Find(metric), before, after).Compressed}" : "";
        yield return report.OutputSignalToNoise is { } decibels ? decibels.ToString("F1", CultureInfo.InvariantCulture) + " dB" : "";
        yield return report.Macs.ToString("N0", CultureInfo.InvariantCulture);
        yield return tried.Timings is { } own ? Microseconds(own.Median) : "";
        yield return tried.Timings is { } mine && original?.Timings is { } first ? Times(first.Median / mine.Median) : "";
    }

    private static string Times(double factor) => factor.ToString(factor < 10 ? "0.00" : "0.0", CultureInfo.InvariantCulture) + "×";

    private static string Microseconds(double time) => time switch
    {
        < 10 => time.ToString("0.00", CultureInfo.InvariantCulture) + " µs",
        < 1000 => time.ToString("0.0", CultureInfo.InvariantCulture) + " µs",
        _ => (time / 1000).ToString("0.00", CultureInfo.InvariantCulture) + " ms",
    };
}
