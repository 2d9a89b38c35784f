using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>
/// Convolution of each channel by itself: the same sums as <see cref="IntegerConvolution"/> would take, channels innermost.
/// </summary>
internal sealed class IntegerDepthwise : IntegerNode
{
    private readonly int[] _outputDimensions;
    private readonly long[] _bias;
    private readonly long[][] _taps;
    private readonly FixedPointMultipliers _multipliers;

    /// <summary>Prepares the node.</summary>
    public IntegerDepthwise(
        QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, WeightQuantization weights,
            int[] outputDimensions)
        : base(node, values)
    {
        _outputDimensions = outputDimensions;
        DotProductLayer layer = node.Layer!;
        ActivationQuantization input = InputQuantization(0);
        _taps = [.. Enumerable.Range(0, layer.Length).Select(k =>
            Enumerable.Range(0, layer.Channels).Select(c => (long)weights.Values[layer.Index(c, k)]).ToArray())];

        // A tap outside the map holds the zero point: with x − z summed instead of x, it adds nothing and the bias needs no correction.
        _bias = Array.ConvertAll(weights.Bias, b => (long)b);
        _multipliers = FixedPointMultipliers.Of([.. weights.Scales.Select(s => input.Scale * s / OutputQuantization.Scale)])
            .For(AccumulatorBound.Magnitudes(layer, weights, input.ZeroPoint));
    }

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        int zeroPoint = input.Quantization.ZeroPoint;
        WindowGeometry window = WindowGeometry.OfConvolution(Source.Context);
        OutputLevels levels = OutputLevels;
        var output = new int[_outputDimensions.Aggregate(1, (a, b) => a * b)];
        int from = window.InputPixels, to = window.OutputPixels;
        int inputStep = window.ChannelsLast ? 1 : from;
        int outputStep = window.ChannelsLast ? 1 : to;
        var sums = new long[window.Channels];
        var windows = new WindowTaps(window);
        for (int pixel = 0; pixel < to; pixel++)
        {
            List<WindowTap> taps = windows.Of(pixel);
            for (int image = 0; image < window.Batch; image++)
            {
                _bias.CopyTo(sums, 0);
                foreach (WindowTap place in taps)
                {
                    long[] tap = _taps[place.Tap];
                    int index = window.Index(window.Channels, from, image, 0, place.Pixel);
                    for (int c = 0; c < sums.Length; c++, index += inputStep)
                        sums[c] += (input.Values[index] - zeroPoint) * tap[c];
                }
                int target = window.Index(window.Channels, to, image, 0, pixel);
                for (int c = 0; c < sums.Length; c++)
                    output[target + (c * outputStep)] = levels.Of(_multipliers.Apply(sums[c], c));
            }
        }
        return [new(output, _outputDimensions, OutputQuantization)];
    }
}
