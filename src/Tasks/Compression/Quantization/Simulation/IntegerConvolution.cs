using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>Convolution over any number of spatial axes: padding is part of the sum and holds the input's zero point.</summary>
[Simulates(IntegerForm.DotProduct, typeof(IConvolution))]
internal sealed class IntegerConvolution : IntegerNode
{
    private readonly int[] _outputDimensions;
    private readonly ChannelSums[] _groups;
    private readonly FixedPointMultipliers _multipliers;

    /// <summary>Prepares the node.</summary>
    public IntegerConvolution(
        QuantizableNode node, IReadOnlyDictionary<string, ActivationQuantization> values, WeightQuantization weights,
            int[] outputDimensions)
        : base(node, values)
    {
        _outputDimensions = outputDimensions;
        DotProductLayer layer = node.Layer!;
        ActivationQuantization input = InputQuantization(0);
        int channels = layer.Channels / layer.Groups;
        _groups = [.. Enumerable.Range(0, layer.Groups).Select(g =>
            new ChannelSums(layer, weights, input.ZeroPoint, g * channels, channels))];
        _multipliers = FixedPointMultipliers.Of([.. weights.Scales.Select(s => input.Scale * s / OutputQuantization.Scale)])
            .For(AccumulatorBound.Magnitudes(node.Layer!, weights, input.ZeroPoint));
    }

    /// <inheritdoc/>
    public override QuantizedTensor[] Evaluate(IReadOnlyList<QuantizedTensor?> inputs)
    {
        QuantizedTensor input = inputs[0]!;
        DotProductLayer layer = Source.Layer!;
        WindowGeometry window = WindowGeometry.OfConvolution(Source.Context);
        OutputLevels levels = OutputLevels;
        var output = new int[_outputDimensions.Aggregate(1, (a, b) => a * b)];
        int channels = layer.Channels / layer.Groups;
        int inputChannels = window.Channels / layer.Groups;
        int pixels = window.OutputPixels;

        // As many windows at once as the last axis has: their inputs are rows of a matrix.
        int run = window.X.Output;
        var rows = new int[run * layer.Length];
        var sums = new long[run * channels];
        var windows = new WindowTaps(window);
        for (int image = 0; image < window.Batch; image++)
            for (int first = 0; first < pixels; first += run)
                for (int g = 0; g < layer.Groups; g++)
                {
                    for (int x = 0; x < run; x++)
                        Gather(
                            input, window, windows.Of(first + x), image, g * inputChannels, inputChannels,
                            rows.AsSpan(x * layer.Length, layer.Length));
                    _groups[g].Compute(rows, sums);
                    for (int x = 0; x < run; x++)
                        for (int c = 0; c < channels; c++)
                        {
                            int channel = (g * channels) + c;
                            output[window.Index(layer.Channels, pixels, image, channel, first + x)] =
                                levels.Of(_multipliers.Apply(sums[(x * channels) + c], channel));
                        }
                }
        return [new(output, _outputDimensions, OutputQuantization)];
    }

    // The inputs under the window in the order of the weights: channel, then tap. What lies outside the map holds the zero point.
    private static void Gather(
        QuantizedTensor input, WindowGeometry window, List<WindowTap> taps, int image, int firstChannel, int channels, Span<int> row)
    {
        int area = window.Taps;
        int pixels = window.InputPixels;
        int step = window.ChannelsLast ? 1 : pixels;
        if (taps.Count < area)
            row.Fill(input.Quantization.ZeroPoint);
        foreach (WindowTap tap in taps)
        {
            int index = window.Index(window.Channels, pixels, image, firstChannel, tap.Pixel);
            for (int i = 0; i < channels; i++)
                row[(i * area) + tap.Tap] = input.Values[index + (i * step)];
        }
    }
}
