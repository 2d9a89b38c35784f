using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// The bound under which two products of neighbouring weights add up in 16 bits: VPMADDUBSW of AVX2 and AVX-512 saturates
/// <c>x0·w0 + x1·w1</c>, with x in 0…255, unless weights of one sign add up to at most 128 (255 · 128 &lt; 2^15 &lt; 255 · 129). Neighbours
/// are those of <see cref="Int8Packing"/>: places 2i and 2i + 1 of a segment, or kernel rows 2i and 2i + 1 of a depthwise convolution.
/// </summary>
internal sealed class PairBound
{
    /// <summary>What two weights of one sign may add up to in magnitude.</summary>
    public const int Limit = 128;

    private readonly DotProductLayer _layer;
    private readonly ChannelMoments? _moments;
    private readonly double _floor;
    private readonly (int First, int Second)[] _pairs;

    private PairBound(DotProductLayer layer, ChannelMoments? moments, (int First, int Second)[] pairs)
    {
        _layer = layer;
        _moments = moments;
        _floor = moments is null ? 0 : Enumerable.Range(0, moments.Channels).Average(moments.Variance);
        _pairs = pairs;
    }

    /// <summary>The bound for a dot product.</summary>
    /// <param name="node">A Conv, Gemm or MatMul.</param>
    /// <param name="isWide">Whether its output is s32, of which there is no depthwise kernel.</param>
    /// <param name="moments">Means and variances of the input's channels, which say which weight of a pair is rather lowered; null: alike.</param>
    public static PairBound Of(QuantizableNode node, bool isWide, ChannelMoments? moments)
    {
        DotProductLayer layer = node.Layer!;
        if (!node.Node.Is<ConvOperator>())
            return new(layer, moments, [.. Neighbours(1, layer.Length)]);
        ReadOnlySpan<int> shape = node.Context.InputConstants[1]!.Dimensions.AsSpan();
        int inputs = shape[1];
        int width = shape[^1];
        int height = Shapes.Count(shape[2..^1]);
        int taps = height * width;

        // Depthwise: the rows of a column side by side, or the columns of an only row.
        if (inputs == 1 && layer.Groups == layer.Channels && layer.Groups > 1 && !isWide)
            return new(layer, moments, height == 1
                ? [.. Neighbours(1, width)]
                : [.. Neighbours(width, height).Select(p => (Tap(p.First), Tap(p.Second)))]);

        // Packed by taps and inputs, stored by inputs and taps.
        int dilation = WindowAttributes.Dilations(node.Node) is [.., long last] ? checked((int)last) : 1;
        (int segments, int length) = Int8Packing.Segments(inputs, height, width, layer.InputChannels, dilation);
        return new(layer, moments, [.. Neighbours(segments, length).Select(p => (Stored(p.First), Stored(p.Second)))]);

        int Tap(int packed) => (packed % height * width) + (packed / height);

        int Stored(int packed) => (packed % inputs * taps) + (packed / inputs);
    }

    /// <summary>Whether two weights may stand side by side.</summary>
    public static bool Allows(int first, int second) => first + second is >= -Limit and <= Limit || (first ^ second) < 0;

    /// <summary>Whether weights keep the bound.</summary>
    /// <param name="weights">The weights in the order of the node's weight tensor.</param>
    public bool Holds(ReadOnlySpan<sbyte> weights)
    {
        for (int channel = 0; channel < _layer.Channels; channel++)
            foreach ((int i, int j) in _pairs)
                if (!Allows(weights[_layer.Index(channel, i)], weights[_layer.Index(channel, j)]))
                    return false;
        return true;
    }

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
            if (Allows(first, second))
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

    private static IEnumerable<(int First, int Second)> Neighbours(int segments, int length)
    {
        for (int segment = 0; segment < segments; segment++)
            for (int k = 0; k + 1 < length; k += 2)
                yield return ((segment * length) + k, (segment * length) + k + 1);
    }
}
