using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Data;
using OptimizerBuild.Metrics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// Post-training quantisation as a technique: always on, since it decides the precision of every node, be it float32 throughout.
/// </summary>
internal sealed class QuantizationTechnique : ICompressionTechnique
{
    /// <summary>The technique's name.</summary>
    public const string TechniqueName = "Quantization";

    /// <inheritdoc/>
    public string Name => TechniqueName;

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.Quantize;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => true;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        ModelOptions options = context.Options;
        double? least = options.MinOutputSignalToNoise
            ?? (IsAccuracyOfClassesMeasured(context) ? null : QuantizationOptions.DefaultLeastOutputSignalToNoise);
        var quantizer = new Quantizer(
            new()
            {
                Precision = options.Precision,
                Calibration = options.Calibration,
                SignalToNoiseThreshold = options.MinSignalToNoise,
                LeastOutputSignalToNoise = least,
                OutputSignalToNoise = Math.Max(QuantizationOptions.Default.OutputSignalToNoise, least ?? 0),
                PairSums = options.PairSums,
                MaximumSamples = options.CalibrationSamples,
            },
            context.Progress);
        // Float32 throughout and a model's own scales need no samples, so none are read or made up for them.
        SampleSet samples = options.Precision == ModelPrecision.Float32 || PrequantizedModel.Is(model.Graph) ? SampleSet.Empty
            : context.Calibration;
        return quantizer.Apply(model, samples, context.Cancellation);
    }

    // A classifier may be right with scores that are far from the float model's; where that is measured and reported, the user decides.
    private static bool IsAccuracyOfClassesMeasured(CompressionContext context) =>
        context.Options.Precision != ModelPrecision.Float32 && context.Evaluation is { } evaluation
        && AccuracyMeasurement.Decide(context.Options, context.Teacher.Graph, evaluation).Classes > 0;
}
