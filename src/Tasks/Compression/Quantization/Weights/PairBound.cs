using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Calibration;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// The bound under which two products of neighbouring weights add up in 16 bits: VPMADDUBSW of AVX2 and AVX-512 saturates
/// <c>x0·w0 + x1·w1</c>, with x in 0…255, unless weights of one sign add up to at most 128 (255 · 128 &lt; 2^15 &lt; 255 · 129). Which
/// weights are neighbours is what <see cref="WeightLayout"/> says.
/// </summary>
internal sealed class PairBound
{
    /// <summary>What two weights of one sign may add up to in magnitude.</summary>
    public const int Limit = 128;

    private readonly DotProductLayer _layer;
    private readonly ChannelMoments? _moments;
    private readonly double _floor;
    private readonly WeightLayout _layout;
    private readonly (int First, int Second)[] _pairs;

    // The other place of each place's pair; its own where it has none.
    private readonly int[] _partners;

    private PairBound(DotProductLayer layer, ChannelMoments? moments, WeightLayout layout)
    {
        _layer = layer;
        _layout = layout;
        _moments = moments;
        _floor = moments is null ? 0 : Enumerable.Range(0, moments.Channels).Average(moments.Variance);
        _pairs = layout.Neighbours();
        _partners = [.. Enumerable.Range(0, layer.Length)];
        foreach ((int first, int second) in _pairs)
            (_partners[first], _partners[second]) = (second, first);
    }

    /// <summary>The bound for a dot product.</summary>
    /// <param name="node">A Conv, Gemm or MatMul.</param>
    /// <param name="isWide">Whether its output is s32, of which there is no depthwise kernel.</param>
    /// <param name="moments">Means and variances of the input's channels, which say which weight of a pair is rather lowered; null:
    /// alike.</param>
    public static PairBound Of(QuantizableNode node, bool isWide, ChannelMoments? moments)
    {
        // Whether sums need blocks is known only of rounded weights; a layer that does has no use for the bound.
        var layout = WeightLayout.Of(node, isWide, addsBlocks: false);
        return new(node.Layer!, moments, layout);
    }

    /// <summary>Whether weights keep the bound: as Lowering proves it, from the bytes that the kernel reads.</summary>
    /// <param name="weights">The weights in the order of the node's weight tensor.</param>
    public bool Holds(sbyte[] weights) => PairSums16.Fit(_layout.Pack(weights));

    /// <summary>
    /// Lowers rounded weights of one channel until the bound holds: of each pair beyond it both by what costs least squared error,
    /// weighted by the variances of their inputs.
    /// </summary>
    /// <param name="channel">The output channel.</param>
    /// <param name="scale">Its scale.</param>
    /// <param name="rounded">Its rounded weights, by position in the sum.</param>
    public void Apply(int channel, double scale, Span<int> rounded)
    {
        foreach ((int i, int j) in _pairs)
        {
            (int first, int second) = (rounded[i], rounded[j]);
            if (PairSums16.Fit(first, second))
                continue;
            int x = First(channel, i, j, Math.Abs(Weight(channel, i) / scale), Math.Abs(Weight(channel, j) / scale));
            rounded[i] = first > 0 ? x : -x;
            rounded[j] = first > 0 ? Limit - x : x - Limit;
        }
    }

    /// <summary>
    /// What a weight may become where weights are rounded one after the other: the first of a pair as far as <see cref="Apply"/> would
    /// lower it, the second within what the first has left.
    /// </summary>
    /// <param name="channel">The output channel.</param>
    /// <param name="scale">Its scale.</param>
    /// <param name="position">The weight's position in the sum.</param>
    /// <param name="value">The weight with what it makes up for.</param>
    /// <param name="level">What it would be rounded to.</param>
    /// <param name="rounded">The weights that are rounded already, by position; null for those that are not.</param>
    public int Limited(int channel, double scale, int position, double value, int level, ReadOnlySpan<int?> rounded)
    {
        int partner = _partners[position];
        if (partner == position)
            return level;
        if (rounded[partner] is { } other)
            return PairSums16.Fit(level, other) ? level : Math.Sign(level) * (Limit - Math.Abs(other));
        double weight = Weight(channel, partner) / scale;
        if (PairSums16.Fit(level, (int)Math.Clamp(Math.Round(weight), -WeightQuantizer.Highest, WeightQuantizer.Highest)))
            return level;
        return Math.Sign(level) * First(channel, position, partner, Math.Abs(value / scale), Math.Abs(weight));
    }

    // The first of two magnitudes: the least of m·(a − x)² + n·(b − y)² under x + y = 128.
    private int First(int channel, int i, int j, double a, double b)
    {
        double importance = Importance(channel, i);
        double other = Importance(channel, j);
        double share = importance + other > 0 ? other / (importance + other) : 0.5;
        return (int)Math.Clamp(Math.Round(a - ((a + b - Limit) * share)), 1, WeightQuantizer.Highest);
    }

    private double Weight(int channel, int k) => _layer.Weights[_layer.Index(channel, k)];

    // An input that hardly moved on the calibration data may do so later: the mean of all variances is added.
    private double Importance(int channel, int k) => _moments is null ? 1 : _moments.Variance(_layer.InputChannel(channel, k)) + _floor;
}
