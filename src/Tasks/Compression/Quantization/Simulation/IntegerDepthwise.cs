using OptimizerBuild.Compression.Quantization.Weights;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>Convolution of each channel by itself: the same sums as <see cref="IntegerConvolution"/> would take, channels innermost.</summary>
internal sealed class IntegerDepthwise : IntegerNode
{
    private readonly int[] _outputDimensions;
    private readonly long[] _bias;
    private readonly long[][] _taps;
    private readonly FixedPointMultipliers _multipliers;

    /// <summary>Prepares the node.</summary>
    public IntegerDepthwise(
        QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, WeightQuantization weights, int[] outputDimensions)
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
        int[] kernel = [.. Source.Context.InputConstants[1]!.Dimensions.Skip(2)];
        SpatialWindow window = SpatialWindow.Of(Source.Node, input.Dimensions, _outputDimensions, kernel);
        OutputLevels levels = OutputLevels;
        var output = new int[_outputDimensions.Aggregate(1, (a, b) => a * b)];
        int inputStep = window.InputIndex(0, 1, 0, 0);
        int outputStep = window.OutputIndex(0, 1, 0, 0);
        var sums = new long[window.Channels];
        for (int image = 0; image < window.Images; image++)
            for (int y = 0; y < window.OutputHeight; y++)
                for (int x = 0; x < window.OutputWidth; x++)
                {
                    _bias.CopyTo(sums, 0);
                    for (int k = 0; k < _taps.Length; k++)
                    {
                        int row = window.Row(y, k / window.Kernel[1]);
                        int column = window.Column(x, k % window.Kernel[1]);
                        if (!window.Inside(row, column))
                            continue;
                        long[] tap = _taps[k];
                        int index = window.InputIndex(image, 0, row, column);
                        for (int c = 0; c < sums.Length; c++, index += inputStep)
                            sums[c] += (input.Values[index] - zeroPoint) * tap[c];
                    }
                    int target = window.OutputIndex(image, 0, y, x);
                    for (int c = 0; c < sums.Length; c++)
                        output[target + (c * outputStep)] = levels.Of(_multipliers.Apply(sums[c], c));
                }
        return [new(output, _outputDimensions, OutputQuantization)];
    }
}
