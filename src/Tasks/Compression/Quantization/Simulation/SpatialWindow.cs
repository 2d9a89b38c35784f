using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization.Simulation;

/// <summary>
/// The sliding window of a convolution or pooling over one or two spatial axes (ONNX Conv, MaxPool, AveragePool), with feature maps
/// seen as images × channels × height × width whatever their layout; a one-dimensional map has the height 1.
/// </summary>
internal sealed class SpatialWindow
{
    private readonly int[] _strides;
    private readonly int[] _dilations;
    private readonly int[] _padsBefore;
    private readonly int[] _inputStrides;
    private readonly int[] _outputStrides;

    private SpatialWindow(bool channelsLast, int[] input, int[] output, int[] kernel, int[] strides, int[] dilations, int[] before, int[] after)
    {
        (Images, Channels, Height, Width) = (input[0], input[1], input[2], input[3]);
        (OutputChannels, OutputHeight, OutputWidth) = (output[1], output[2], output[3]);
        Kernel = kernel;
        PadsAfter = after;
        _strides = strides;
        _dilations = dilations;
        _padsBefore = before;
        _inputStrides = AxisStrides(input, channelsLast);
        _outputStrides = AxisStrides(output, channelsLast);
    }

    /// <summary>The number of images.</summary>
    public int Images { get; }

    /// <summary>The number of input channels.</summary>
    public int Channels { get; }

    /// <summary>The input's height.</summary>
    public int Height { get; }

    /// <summary>The input's width.</summary>
    public int Width { get; }

    /// <summary>The number of output channels.</summary>
    public int OutputChannels { get; }

    /// <summary>The output's height.</summary>
    public int OutputHeight { get; }

    /// <summary>The output's width.</summary>
    public int OutputWidth { get; }

    /// <summary>The window's height and width.</summary>
    public int[] Kernel { get; }

    /// <summary>Padding below and to the right.</summary>
    public int[] PadsAfter { get; }

    /// <summary>Reads the window of a node.</summary>
    /// <param name="node">The node.</param>
    /// <param name="input">The dimensions of its input as stored.</param>
    /// <param name="output">The dimensions of its output as stored.</param>
    /// <param name="kernel">The window's extents along the spatial axes.</param>
    public static SpatialWindow Of(Node node, ReadOnlySpan<int> input, ReadOnlySpan<int> output, ReadOnlySpan<int> kernel)
    {
        bool channelsLast = node.IsChannelsLast();
        int axes = input.Length - 2;
        int[] size = ToImage(input, channelsLast);
        int[] target = ToImage(output, channelsLast);
        int[] window = Spread(kernel, 1);
        int[] strides = Spread(ToInt(WindowAttributes.Strides(node), axes, 1), 1);
        int[] dilations = Spread(ToInt(WindowAttributes.Dilations(node), axes, 1), 1);
        int[] pads = ToInt(WindowAttributes.Pads(node), 2 * axes, 0);
        int[] before = Spread(pads.AsSpan(0, axes), 0);
        int[] after = Spread(pads.AsSpan(axes), 0);
        string automatic = WindowAttributes.AutoPad(node);
        for (int i = 0; i < 2 && automatic is "SAME_UPPER" or "SAME_LOWER" or "VALID"; i++)
        {
            int reach = ((target[2 + i] - 1) * strides[i]) + ((window[i] - 1) * dilations[i]) + 1;
            int missing = automatic == "VALID" ? 0 : Math.Max(reach - size[2 + i], 0);
            before[i] = automatic == "SAME_UPPER" ? missing / 2 : missing - (missing / 2);
            after[i] = missing - before[i];
        }
        return new(channelsLast, size, target, window, strides, dilations, before, after);
    }

    /// <summary>The input row that a window row meets; may lie outside.</summary>
    public int Row(int outputRow, int kernelRow) => (outputRow * _strides[0]) - _padsBefore[0] + (kernelRow * _dilations[0]);

    /// <summary>The input column that a window column meets; may lie outside.</summary>
    public int Column(int outputColumn, int kernelColumn) => (outputColumn * _strides[1]) - _padsBefore[1] + (kernelColumn * _dilations[1]);

    /// <summary>Whether a position lies inside the input.</summary>
    public bool Inside(int row, int column) => (uint)row < (uint)Height && (uint)column < (uint)Width;

    /// <summary>Where an element of the input lies in its tensor.</summary>
    public int InputIndex(int image, int channel, int row, int column) =>
        (image * _inputStrides[0]) + (channel * _inputStrides[1]) + (row * _inputStrides[2]) + (column * _inputStrides[3]);

    /// <summary>Where an element of the output lies in its tensor.</summary>
    public int OutputIndex(int image, int channel, int row, int column) =>
        (image * _outputStrides[0]) + (channel * _outputStrides[1]) + (row * _outputStrides[2]) + (column * _outputStrides[3]);

    private static int[] ToImage(ReadOnlySpan<int> dimensions, bool channelsLast)
    {
        int channels = channelsLast ? dimensions[^1] : dimensions[1];
        ReadOnlySpan<int> spatial = channelsLast ? dimensions[1..^1] : dimensions[2..];
        int[] two = Spread(spatial, 1);
        return [dimensions[0], channels, two[0], two[1]];
    }

    private static int[] Spread(ReadOnlySpan<int> values, int missing) => values.Length == 1 ? [missing, values[0]] : [values[0], values[1]];

    private static int[] ToInt(long[]? values, int count, int otherwise) =>
        values is null ? [.. Enumerable.Repeat(otherwise, count)] : Array.ConvertAll(values, v => checked((int)v));

    private static int[] AxisStrides(int[] size, bool channelsLast) => channelsLast
        ? [size[1] * size[2] * size[3], 1, size[1] * size[3], size[1]]
        : [size[1] * size[2] * size[3], size[2] * size[3], size[3], 1];
}
