using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>A model's samples: read from the files that the options name, or made up.</summary>
/// <param name="options">What the item asks for.</param>
/// <param name="imported">The model as imported.</param>
/// <param name="cancellation">Stops the work; checked between files.</param>
internal sealed class ItemSamples(ModelOptions options, Graph imported, CancellationToken cancellation) : ISampleSource
{
    /// <inheritdoc/>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet Calibration() => options.CalibrationData is { } spec
        ? Read(spec, options.CalibrationSamples)
        : SyntheticCalibration.Create(imported, ranges: ByteRanges(), cancellation: cancellation);

    /// <inheritdoc/>
    /// <exception cref="ModelException">The data cannot be read or does not fit.</exception>
    public SampleSet? Evaluation() => options.EvaluationData is { } spec ? Read(spec, int.MaxValue) : null;

    private SampleSet Read(DataSpec spec, int maximum)
    {
        DataSet data = DataSetReader.Read(spec.Spec, spec.BaseFolder, DataLimits.Default, options.LabelKey, cancellation);
        return SampleSplitter.ToSamples(data, imported, InputAdaptation.Of(options), maximum);
    }

    // What bytes become by the item's scale and offset, the widest of all channels; null where callers pass floats.
    private Dictionary<string, (double Low, double High)>? ByteRanges()
    {
        if (options.InputType != InputElement.UInt8)
            return null;
        double low = options.InputOffset.Min();
        double high = (options.InputScale.Max() * 255) + options.InputOffset.Max();
        return imported.Inputs
            .Where(i => imported.TypeOf(i).Element == ElementType.Float32)
            .ToDictionary(i => i, _ => (low, high), StringComparer.Ordinal);
    }
}
