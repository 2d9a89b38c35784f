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
    /// <summary>Compares the models on the context's evaluation samples.</summary>
    /// <param name="context">The build's context; the user gave evaluation data.</param>
    /// <param name="compressed">The compressed model.</param>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public static AccuracyComparison Run(CompressionContext context, ShippedModel compressed)
    {
        SampleSet samples = context.Evaluation ?? throw new InvalidOperationException("there is no evaluation data");
        AccuracyMeasurement measurement = AccuracyMeasurement.Decide(context.Options.Metric, context.Teacher.Graph, samples);
        (Metric before, Metric after) = context.Compare(measurement, samples, compressed.RunMany);
        return new(before.DisplayName, before.Value, after.Value, samples.Samples.Count);
    }
}
