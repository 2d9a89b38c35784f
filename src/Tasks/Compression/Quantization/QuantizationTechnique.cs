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
        QuantizationOptions chosen = OptionsOf(context);
        // Few levels are no reason to look for other ways, so that their noise tells nothing about those of others.
        bool looksForWays = !IsCoarse(options) && !options.Layers.AnyFewLevels;
        if (looksForWays)
            chosen = chosen with { Path = context.Common?.First<QuantizationPath>(context.Teacher.Graph, TechniqueName) };
        var quantizer = new Quantizer(chosen, context.Progress);
        // Float32 throughout and a model's own scales need no samples, so none are read or made up for them.
        SampleSet samples = options.IsFloat32 || PrequantizedModel.Is(model.Graph) ? SampleSet.Empty
            : context.Calibration;
        CompressionResult result = quantizer.Apply(model, samples, context.Cancellation);
        if (looksForWays && quantizer.Path is { } path)
            context.Once(context.Teacher.Graph, TechniqueName, () => path);
        return result with { Notes = [.. result.Notes, .. WithoutEffect(options, chosen.CompensatesRounding)] };
    }

    /// <summary>What an item asks for, in the quantiser's terms.</summary>
    public static QuantizationOptions OptionsOf(CompressionContext context)
    {
        ModelOptions options = context.Options;
        bool hasFewLevels = IsCoarse(options) || options.Layers.AnyFewLevels;
        double? least = options.MinOutputSignalToNoise
            ?? (hasFewLevels || IsAccuracyOfClassesMeasured(context) ? null : QuantizationOptions.DefaultLeastOutputSignalToNoise);
        return ChoiceOf(options) with
        {
            Weights = options.Precision.HasFewLevels() ? options.Precision : ModelPrecision.Int8,
            Clusters = options.Clusters ?? 0,
            GroupSize = options.GroupSize ?? 0,
            CompensatesRounding = context.HasCalibrationData && options.Rounding != WeightRounding.Nearest,
            Calibration = options.Calibration,
            SignalToNoiseThreshold = options.MinSignalToNoise,
            LeastOutputSignalToNoise = least,
            OutputSignalToNoise = hasFewLevels ? least ?? 0 : Math.Max(QuantizationOptions.Default.OutputSignalToNoise, least ?? 0),
            PairSums = IsCoarse(options) ? PairSums.Free : options.PairSums,
            MaximumSamples = options.CalibrationSamples,
        };
    }

    /// <summary>What an item says of which nodes run in integers, whatever is measured.</summary>
    public static QuantizationOptions ChoiceOf(ModelOptions options)
    {
        // A model in float32 but for a few layers is one whose other nodes are taken out of the integers.
        bool isFloatElsewhere = options.Precision == ModelPrecision.Float32 && options.Layers.AnyIntegers;
        return new()
        {
            Precision = options.Precision is ModelPrecision.Int8 or ModelPrecision.Float32 && !isFloatElsewhere
                ? options.Precision : ModelPrecision.Auto,
            Layers = options.Layers,
            IsFloatElsewhere = isFloatElsewhere,
        };
    }

    // Who asks for fewer bits or values knows that outputs get noisier by it: layers in float32 would take their bytes back. The bound on
    // pairs would undo shared values, and fewer bits keep it anyway.
    private static bool IsCoarse(ModelOptions options) => options.Precision.HasFewLevels() || options.Clusters is not null;

    // What the item asks for in vain.
    private static IEnumerable<string> WithoutEffect(ModelOptions options, bool compensates)
    {
        if (options.RoundsOnData && !compensates)
            yield return $"Rounding=\"{options.Rounding}\" has no effect: there are no data to calibrate on";
        if (options.PairSums == PairSums.Bounded && IsCoarse(options) && !options.IsFloat32)
            yield return "PairSums=\"Bounded\" has no effect: it would undo few levels";
    }

    // A classifier may be right with scores that are far from the float model's; where that is measured and reported, the user decides.
    private static bool IsAccuracyOfClassesMeasured(CompressionContext context) =>
        !context.Options.IsFloat32 && context.Evaluation is { } evaluation
        && AccuracyMeasurement.Decide(context.Options, context.Teacher.Graph, evaluation).Classes > 0;
}
