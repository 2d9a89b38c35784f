using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>Convolution over one or two spatial axes: padding is part of the sum and holds the input's zero point.</summary>
[Simulates(IntegerForm.DotProduct, typeof(ConvOperator))]
internal sealed class IntegerConvolution : IntegerNode
{
    private readonly int[] _outputDimensions;
    private readonly ChannelSums[] _groups;
    private readonly FixedPointMultipliers _multipliers;

    /// <summary>Prepares the node.</summary>
    public IntegerConvolution(
        QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, WeightQuantization weights, int[] outputDimensions)
        : base(node, values)
    {
        _outputDimensions = outputDimensions;
        DotProductLayer layer = node.Layer!;
        ActivationQuantization input = InputQuantization(0);
        int channels = layer.Channels / layer.Groups;
        _groups = [.. Enumerable.Range(0, layer.Groups).Select(g => new ChannelSums(layer, weights, input.ZeroPoint, g * channels, channels))];
        _multipliers = FixedPointMultipliers.Of([.. weights.Scales.Select(s => input.Scale * s / OutputQuantization.Scale)])
            .For(AccumulatorBound.Magnitudes(node.Layer!, weights, input.ZeroPoint));
    }

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        DotProductLayer layer = Source.Layer!;
        int[] kernel = [.. Source.Context.InputConstants[1]!.Dimensions.Skip(2)];
        SpatialWindow window = SpatialWindow.Of(Source.Node, input.Dimensions, _outputDimensions, kernel);
        OutputLevels levels = OutputLevels;
        var output = new int[_outputDimensions.Aggregate(1, (a, b) => a * b)];
        int channels = layer.Channels / layer.Groups;
        int inputChannels = window.Channels / layer.Groups;
        int width = window.OutputWidth;
        var rows = new int[width * layer.Length];
        var sums = new long[width * channels];
        for (int image = 0; image < window.Images; image++)
            for (int y = 0; y < window.OutputHeight; y++)
                for (int g = 0; g < layer.Groups; g++)
                {
                    for (int x = 0; x < width; x++)
                        Gather(input, window, image, y, x, g * inputChannels, inputChannels, rows.AsSpan(x * layer.Length, layer.Length));
                    _groups[g].Compute(rows, sums);
                    for (int x = 0; x < width; x++)
                        for (int c = 0; c < channels; c++)
                        {
                            int channel = (g * channels) + c;
                            output[window.OutputIndex(image, channel, y, x)] = levels.Of(_multipliers.Apply(sums[(x * channels) + c], channel));
                        }
                }
        return [new(output, _outputDimensions, OutputQuantization)];
    }

    // The inputs under the window in the order of the weights: channel, window row, window column.
    private static void Gather(QuantizedTensor input, SpatialWindow window, int image, int y, int x, int firstChannel, int channels, Span<int> row)
    {
        int zeroPoint = input.Quantization.ZeroPoint;
        int area = window.Kernel[0] * window.Kernel[1];
        for (int ky = 0, position = 0; ky < window.Kernel[0]; ky++)
            for (int kx = 0; kx < window.Kernel[1]; kx++, position++)
            {
                int r = window.Row(y, ky);
                int c = window.Column(x, kx);
                bool inside = window.Inside(r, c);
                int index = inside ? window.InputIndex(image, firstChannel, r, c) : 0;
                int step = inside && channels > 1 ? window.InputIndex(image, firstChannel + 1, r, c) - index : 0;
                for (int i = 0; i < channels; i++)
                    row[(i * area) + position] = inside ? input.Values[index + (i * step)] : zeroPoint;
            }
    }
}
