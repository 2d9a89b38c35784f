using System.Collections.Immutable;
using System.Globalization;
using OptimizerBuild.Compression;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Metrics;

namespace OptimizerBuild.Evaluation;

/// <summary>The float model and the compressed one on the same evaluation data; the compressed one runs the kernels that ship.</summary>
/// <param name="Metric">The metric's name.</param>
/// <param name="Original">The float model's figure.</param>
/// <param name="Compressed">The compressed model's figure.</param>
/// <param name="Samples">The number of samples.</param>
internal sealed record AccuracyComparison(string Metric, double Original, double Compressed, int Samples)
{
    // Shares of fewer samples say nothing.
    private const long LeastSamples = 10;

    /// <summary>The class that loses most; null for metrics that know no classes, or where no class has enough samples.</summary>
    public ClassAccuracy? WorstClass { get; private init; }

    /// <summary>Warnings about the data and the float model's figure.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; private init; } = [];

    /// <summary>Compares the models on the context's evaluation samples.</summary>
    /// <param name="context">The build's context; the user gave evaluation data.</param>
    /// <param name="measurement">How accuracy is measured.</param>
    /// <param name="compressed">The compressed model.</param>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public static AccuracyComparison Run(CompressionContext context, AccuracyMeasurement measurement, ShippedModel compressed)
    {
        SampleSet samples = context.Evaluation ?? throw new InvalidOperationException("there is no evaluation data");
        (Metric before, Metric after) = context.Compare(measurement, samples, compressed.RunMany);
        return new(before.DisplayName, before.Value, after.Value, samples.Samples.Count)
        {
            WorstClass = Worst(before, after),
            Diagnostics = [.. Warnings(samples, measurement, before)],
        };
    }

    // The greatest drop, of equal ones that of the lowest class.
    private static ClassAccuracy? Worst(Metric before, Metric after) => before.Classes
        .Where(c => c.Value.Samples >= LeastSamples)
        .Select(c => new ClassAccuracy(c.Key, Share(c.Value), Share(after.Classes[c.Key]), c.Value.Samples))
        .OrderByDescending(c => c.Original - c.Compressed).ThenBy(c => c.Class)
        .FirstOrDefault();

    private static double Share((long Hits, long Samples) c) => (double)c.Hits / c.Samples;

    private static IEnumerable<Diagnostic> Warnings(SampleSet samples, AccuracyMeasurement measurement, Metric original)
    {
        int classes = measurement.Classes;
        if (measurement.FirstLabel > 0)
            yield return Diagnostic.Of(DiagnosticCatalog.LabelsFromOne, null, samples.Data?.LabelName, samples.Data?.Source,
                classes, classes - 1);
        long count = original.Classes.Values.Sum(c => c.Samples);
        if (measurement.Kind != Options.AccuracyMetric.Top1 || classes < 2 || count < 2 * LeastSamples)
            yield break;
        // Guessing gives a binomial distribution: three standard deviations above its mean are within its reach.
        double chance = 1.0 / classes;
        if (original.Value <= chance + (3 * Math.Sqrt(chance * (1 - chance) / count)))
            yield return Diagnostic.Of(DiagnosticCatalog.AccuracyOfChance, null,
                string.Create(CultureInfo.InvariantCulture, $"{100 * original.Value:F1} %"), count, classes);
    }
}

/// <summary>How far both models are right on the samples of one class.</summary>
/// <param name="Class">The class.</param>
/// <param name="Original">The float model's share.</param>
/// <param name="Compressed">The compressed model's share.</param>
/// <param name="Samples">The number of its samples.</param>
internal sealed record ClassAccuracy(int Class, double Original, double Compressed, long Samples);
