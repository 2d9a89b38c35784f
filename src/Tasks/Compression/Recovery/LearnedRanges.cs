using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Elementwise;
using OptimizerBuild.Operators.Quantization;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>
/// The ranges of values between integer layers, which are trained with the weights: a value v of scale s is rounded as f · r(v / f;
/// s) with a factor f that begins at 1. Its gradient, by the product and with roundings passed straight through, is r(v / f) − v / f
/// within the range and the clipped end beyond it: that of LSQ (S. Esser et al. 2020, arXiv 1902.08153, section 2.1), which for the
/// upper end is that of PACT (J. Choi et al. 2018, arXiv 1805.06085, section 3), but with the rounding inside. Zero points stay.
/// Values of equal scale and zero point have one factor, so that those that must agree still do.
/// </summary>
internal sealed class LearnedRanges
{
    private readonly Dictionary<ActivationQuantization, TrainedParameter> _factors = [];

    /// <summary>The ranges of a quantised model that may change.</summary>
    /// <param name="graph">The float graph.</param>
    /// <param name="quantization">What the quantiser decided.</param>
    /// <param name="isTrained">Whether a layer's bias follows the scale of what the layer reads.</param>
    /// <param name="isOn">Whether any range may change.</param>
    public LearnedRanges(Graph graph, GraphQuantization quantization, Func<Node, bool> isTrained, bool isOn)
    {
        if (!isOn)
            return;
        GraphIndex index = GraphIndex.Of(graph);
        var fixedRanges = quantization.Values.Where(v => !MayChange(v.Key)).Select(v => v.Value).ToHashSet();
        foreach ((string value, ActivationQuantization range) in quantization.Values)
            if (range.Type == ActivationType.U8 && !fixedRanges.Contains(range) && !_factors.ContainsKey(range))
                _factors[range] = new(value + "/range", [1], [1], new RangeFactor(), decays: false);

        bool MayChange(string value) =>
            // Callers' numbers are rounded by what they mean, and probabilities by a scale that kernels know.
            !graph.Inputs.Contains(value) && !graph.IsConstant(value) && quantization.Values[value].Scale != 1.0 / 256
            && graph.TypeOf(value).Element == ElementType.Float32
            // What is made from a value with 32 bits has a scale that follows from the value's, but for sums of weights.
            && index.Readers(value).All(r => quantization.Nodes.GetValueOrDefault(r.Name) is not { Integer: true }
                || (quantization.Weights.ContainsKey(r.Name) ? isTrained(r)
                    : r.Outputs.All(o => quantization.Values.GetValueOrDefault(o) is not { Type: ActivationType.S32 })));
    }

    /// <summary>What is trained.</summary>
    public IEnumerable<TrainedParameter> Parameters => _factors.Values;

    /// <summary>The constants of the factors.</summary>
    public IEnumerable<KeyValuePair<string, Tensor>> Constants =>
        _factors.Values.Select(f => KeyValuePair.Create(f.Name, Tensor.Of(f.Weights, 1)));

    /// <summary>The nodes that round a value, with types for what they make in between.</summary>
    /// <param name="value">The value.</param>
    /// <param name="rounded">The name of the rounded one.</param>
    /// <param name="range">Its range.</param>
    /// <param name="type">Its type.</param>
    /// <param name="types">Takes the types.</param>
    public IEnumerable<Node> Round(string value, string rounded, ActivationQuantization range, TensorType type,
        ImmutableSortedDictionary<string, TensorType>.Builder types)
    {
        types[rounded] = type;
        if (!_factors.TryGetValue(range, out TrainedParameter? factor))
            return [Rounding(value, rounded)];
        string inverse = value + "/inverse", scaled = value + "/scaled", levels = value + "/levels";
        types[inverse] = TensorType.Float32(1);
        types[scaled] = types[levels] = type;
        return
        [
            NodeOperators.New<ReciprocalOperator>(inverse, [factor.Name], [inverse]),
            NodeOperators.New<MulOperator>(scaled, [value, inverse], [scaled]),
            Rounding(scaled, levels),
            NodeOperators.New<MulOperator>(rounded, [levels, factor.Name], [rounded]),
        ];

        Node Rounding(string from, string to) =>
            FakeQuantizeOperator.Create(value + "/rounding", from, to, (float)range.Scale, range.ZeroPoint);
    }

    /// <summary>What a range has become.</summary>
    /// <param name="range">What it was.</param>
    public ActivationQuantization Trained(ActivationQuantization range) => _factors.TryGetValue(range, out TrainedParameter? factor)
        ? range with { Scale = (float)(range.Scale * RangeFactor.Of(factor.Values[0])) } : range;

    /// <summary>A factor that stays near one: what has been calibrated is not far off.</summary>
    private sealed class RangeFactor : IWeightForm
    {
        private const float Least = 0.5f;
        private const float Greatest = 2;

        /// <inheritdoc/>
        public float[] Extra => [];

        /// <summary>The factor behind a number.</summary>
        public static float Of(float master) => Math.Clamp(master, Least, Greatest);

        /// <inheritdoc/>
        public void Apply(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> weights) => weights[0] = Of(master[0]);

        /// <inheritdoc/>
        public void Pull(ReadOnlySpan<float> master, ReadOnlySpan<float> extra, Span<float> gradient, Span<float> extraGradient)
        {
        }
    }
}
