using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Evaluation.Metrics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Evaluation;

/// <summary>The float model and the compressed one on the same evaluation data; the compressed one runs the kernels that ship.</summary>
/// <param name="Metric">The metric's name.</param>
/// <param name="Original">The float model's figure.</param>
/// <param name="Compressed">The compressed model's figure.</param>
/// <param name="Samples">The number of samples.</param>
internal sealed record AccuracyComparison(string Metric, double Original, double Compressed, int Samples)
{
    // Outputs are kept for so many samples at a time, and then taken into account in order, so that sums do not depend on threads.
    private const int BatchSize = 256;

    /// <summary>Reads the data and compares the models.</summary>
    /// <param name="options">The metric, the labels' name and how the data becomes the model's input.</param>
    /// <param name="spec">The evaluation data.</param>
    /// <param name="graph">The float model.</param>
    /// <param name="compressed">The compressed model; takes the float model's inputs.</param>
    /// <param name="cancellation">Stops the work; checked between samples.</param>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public static AccuracyComparison Run(ModelOptions options, DataSpec spec, Graph graph, PlanExecutor compressed,
        CancellationToken cancellation)
    {
        DataSet data = DataSetReader.Read(spec.Spec, spec.BaseFolder, DataLimits.Default, options.LabelKey, cancellation);
        SampleSet samples = SampleSplitter.ToSamples(data, graph, InputAdaptation.Of(options));
        AccuracyMeasurement measurement = AccuracyMeasurement.Decide(options.Metric, graph, data, samples.Samples.Count);
        return Run(measurement, samples.Samples, graph, compressed, cancellation);
    }

    /// <summary>Compares the models on samples.</summary>
    public static AccuracyComparison Run(
        AccuracyMeasurement measurement, IReadOnlyList<IReadOnlyList<Tensor>> samples, Graph graph, PlanExecutor compressed,
            CancellationToken cancellation)
    {
        var reference = new GraphEvaluator(graph);
        Metric before = measurement.NewMetric();
        Metric after = measurement.NewMetric();
        for (int start = 0; start < samples.Count; start += BatchSize)
        {
            IReadOnlyList<Tensor>[] batch = [.. Enumerable.Range(start, Math.Min(BatchSize, samples.Count - start)).Select(i =>
                samples[i])];
            Tensor[][] originals = reference.EvaluateMany(batch, cancellation: cancellation);
            Tensor[][] results = compressed.RunMany(batch, cancellation);
            for (int i = 0; i < batch.Length; i++)
            {
                measurement.Accumulate(before, start + i, batch[i], originals[i], originals[i]);
                measurement.Accumulate(after, start + i, batch[i], results[i], originals[i]);
            }
        }
        return new(before.DisplayName, before.Value, after.Value, samples.Count);
    }
}
