using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>What the user may choose about quantisation.</summary>
internal sealed record QuantizationOptions
{
    /// <summary>Everything at its default.</summary>
    public static QuantizationOptions Default { get; } = new();

    /// <summary>Which nodes run in integers.</summary>
    public ModelPrecision Precision { get; init; } = ModelPrecision.Auto;

    /// <summary>How activation ranges are chosen.</summary>
    public CalibrationMethod Calibration { get; init; } = CalibrationMethod.Auto;

    /// <summary>
    /// Under <see cref="ModelPrecision.Auto"/> a node whose own signal-to-quantisation-noise ratio on the calibration data
    /// is lower, in dB, stays in float32. The default of 10 dB means noise of a tenth of the signal's power: an 8-bit node that is
    /// merely coarse lies above 20 dB, one whose range is torn apart by outliers below 10 dB.
    /// </summary>
    public double SignalToNoiseThreshold { get; init; } = 10;

    /// <summary>
    /// Under <see cref="ModelPrecision.Auto"/>: while the outputs' signal-to-noise ratio, all integer nodes taken together, is
    /// lower than this, in dB, other ranges are tried and the nodes between dot products whose errors weigh most are put back into float32.
    /// </summary>
    public double OutputSignalToNoise { get; init; } = 25;

    /// <summary>
    /// Under <see cref="ModelPrecision.Auto"/>: while the outputs' signal-to-noise ratio is lower than this, in dB, when all of the above
    /// has been tried, the dot products that cost most of it are put back into float32. Below it outputs are warned of. Null where an
    /// accuracy that is measured decides instead.
    /// </summary>
    public double? LeastOutputSignalToNoise { get; init; } = DefaultLeastOutputSignalToNoise;

    /// <summary>Noise of a hundredth of the signal's power: a tenth of its size.</summary>
    public const double DefaultLeastOutputSignalToNoise = 20;

    /// <summary>The share of values that the percentile range keeps.</summary>
    public double Percentile { get; init; } = 0.9999;

    /// <summary>
    /// Whether each weight channel's scale is searched for the least output error (otherwise its largest absolute weight decides).
    /// </summary>
    public bool SearchWeightScales { get; init; } = true;

    /// <summary>Whether biases take up the mean shift that rounded weights cause, where it lowers the node's error.</summary>
    public bool CorrectBiases { get; init; } = true;

    /// <summary>Whether weights are lowered so that sums of two neighbouring products fit into 16 bits (<see cref="PairBound"/>).</summary>
    public PairSums PairSums { get; init; } = PairSums.Bounded;

    /// <summary>What bounded pair sums may cost a layer, in dB.</summary>
    public double GreatestLossOfPairSums { get; init; } = 0.5;

    /// <summary>What the weights of integer dot products become: Int8, Int4, Ternary or Binary.</summary>
    public ModelPrecision Weights { get; init; } = ModelPrecision.Int8;

    /// <summary>How many different values the weights of a layer may have; 0 for no limit.</summary>
    public int Clusters { get; init; }

    /// <summary>Input channels whose weights of 4 bits have a scale of their own; 0: all of an output.</summary>
    public int GroupSize { get; init; }

    /// <summary>Whether errors of rounding weights are made up for by weights that are rounded later, where that measures better.</summary>
    public bool CompensatesRounding { get; init; }

    /// <summary>The way that a quantisation of nearly the same model took; null to look for one.</summary>
    public QuantizationPath? Path { get; init; }

    /// <summary>What holds in single layers instead.</summary>
    public LayerRules Layers { get; init; } = LayerRules.None;

    /// <summary>Whether nodes run in float32 where no rule for single layers says otherwise.</summary>
    public bool IsFloatElsewhere { get; init; }

    /// <summary>What the weights of a dot product that runs in integers become, if nothing speaks against it.</summary>
    public ModelPrecision WeightsOf(Node node) =>
        Layers.PrecisionOf(node.Origin) is { } precision && precision.IsInteger() ? precision : Weights;

    /// <summary>How many different values the weights of a node may have; 0 for no limit.</summary>
    public int ClustersOf(Node node) => Layers.ClustersOf(node.Origin) ?? Clusters;

    /// <summary>Input channels of a node whose weights of 4 bits have a scale of their own; 0: all of an output.</summary>
    public int GroupSizeOf(Node node) => Layers.GroupSizeOf(node.Origin) ?? GroupSize;

    /// <summary>Whether a rule wants a node in integers, however noisy it is.</summary>
    public bool IsFixed(Node node) => Layers.PrecisionOf(node.Origin)?.IsInteger() == true;

    /// <summary>Why a node is not even tried in integers; null where it is.</summary>
    public string? ReasonForFloat(Node node) => Layers.PrecisionOf(node.Origin) switch
    {
        ModelPrecision.Float32 => "Layers says Float32",
        null when IsFloatElsewhere => "Precision=Float32",
        _ => null,
    };

    /// <summary>The largest number of samples that statistics are taken from; of more, evenly spaced ones are used.</summary>
    public int MaximumSamples { get; init; } = 1024;

    /// <summary>
    /// A bound on the multiply-accumulates spent on statistics, in order that calibrating a large model takes seconds, too:
    /// the number of samples is lowered until it holds, but never below 16.
    /// </summary>
    public long CalibrationBudget { get; init; } = 12_000_000_000;

    /// <summary>How often each calibration sample may be evaluated, all evaluations of single nodes taken together.</summary>
    public int EvaluationsOfASample { get; init; } = WorkBudget.EvaluationsOfASample;

    /// <summary>
    /// What quantisation may evaluate even of small models, as <see cref="WorkBudget"/> counts it; larger ones may evaluate each
    /// calibration sample <see cref="EvaluationsOfASample"/> times.
    /// </summary>
    public long LeastWork { get; init; } = WorkBudget.Least;
}
