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

    private PairBound(DotProductLayer layer, ChannelMoments? moments, WeightLayout layout)
    {
        _layer = layer;
        _layout = layout;
        _moments = moments;
        _floor = moments is null ? 0 : Enumerable.Range(0, moments.Channels).Average(moments.Variance);
        _pairs = layout.Neighbours();
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
            double a = Math.Abs(_layer.Weights[_layer.Index(channel, i)] / scale);
            double b = Math.Abs(_layer.Weights[_layer.Index(channel, j)] / scale);
            double importance = Importance(channel, i);
            double other = Importance(channel, j);

            // The least of m·(a − x)² + n·(b − y)² under x + y = 128.
            double share = importance + other > 0 ? other / (importance + other) : 0.5;
            int x = (int)Math.Clamp(Math.Round(a - ((a + b - Limit) * share)), 1, WeightQuantizer.Highest);
            rounded[i] = first > 0 ? x : -x;
            rounded[j] = first > 0 ? Limit - x : x - Limit;
        }
    }

    // An input that hardly moved on the calibration data may do so later: the mean of all variances is added.
    private double Importance(int channel, int k) => _moments is null ? 1 : _moments.Variance(_layer.InputChannel(channel, k)) + _floor;
}
