using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Pooling;

/// <summary>Mean over a sliding window, over the padding too where <c>count_include_pad</c> says so (ONNX operator AveragePool).</summary>
[Operator("AveragePool")]
[Input(0, "X", Elements.Floats)]
[Output(0, "Y")]
[Parameter("auto_pad", ParameterKind.String, Choices = ["NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID", ""])]
[Parameter("ceil_mode", ParameterKind.Int, From = 10)]
[Parameter("count_include_pad", ParameterKind.Int, From = 7)]
[Parameter("dilations", ParameterKind.Ints, From = 19, Minimum = 1)]
[Parameter("kernel_shape", ParameterKind.Ints, Required = true, Minimum = 1)]
[Parameter("pads", ParameterKind.Ints, Minimum = 0)]
[Parameter("strides", ParameterKind.Ints, Minimum = 1)]
internal sealed class AveragePoolOperator : Operator, IWindow, IReduction, IPassesChannels
{
    /// <summary>
    /// The greatest window of the integer form, which has a multiplier for each number of elements, all with one shift: that of the
    /// greatest number still has 15 bits.
    /// </summary>
    public const int MostTaps = 1 << 16;

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        WindowGeometry geometry = WindowGeometry.OfPooling(context);
        return [geometry.Output(context.Type(0).Element, geometry.Channels)];
    }

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        WindowGeometry g = WindowGeometry.OfPooling(context);
        bool padded = CountsPadding(context.Node);
        float[] x = FloatTensor.Values(inputs[0]!);
        var y = new float[context.OutputTypes[0].Count];
        if (g.Axes.Length > 2)
        {
            DirectWindow.Average(g, x, padded, y);
            return [FloatTensor.Of(context.OutputTypes[0], y)];
        }
        int images = g.ChannelsLast ? g.Batch : g.Batch * g.Channels;
        int channels = g.ChannelsLast ? g.Channels : 1;
        int at = 0;
        for (int n = 0; n < images; n++)
        {
            ReadOnlySpan<float> image = x.AsSpan(n * g.Y.Input * g.X.Input * channels, g.Y.Input * g.X.Input * channels);
            for (int oy = 0; oy < g.Y.Output; oy++)
            {
                for (int ox = 0; ox < g.X.Output; ox++, at += channels)
                {
                    int count = padded
                        ? g.Y.CountWithPadding(oy) * g.X.CountWithPadding(ox)
                        : g.Y.Count(oy) * g.X.Count(ox);
                    Window(g, image, oy, ox, count, y.AsSpan(at, channels));
                }
            }
        }
        return [FloatTensor.Of(context.OutputTypes[0], y)];
    }

    /// <inheritdoc/>
    public override long Work(OperatorContext context)
    {
        WindowGeometry g = WindowGeometry.OfPooling(context);
        return context.OutputTypes[0].Count * g.GreatestCover;
    }

    /// <inheritdoc/>
    public ChannelLinks Links(OperatorContext context, ChannelPort port) =>
        port.Axis == (context.Node.IsChannelsLast() ? context.Type(0).Rank - 1 : 1)
            ? ChannelLinks.Through(context, port)
            : ChannelLinks.Fixed("pools over that axis");

    /// <inheritdoc/>
    public override bool PassesPositiveFactors(OperatorContext context, int axis) =>
        axis == (context.Node.IsChannelsLast() ? context.Type(0).Rank - 1 : 1);

    /// <inheritdoc/>
    public long Terms(OperatorContext context) => WindowGeometry.OfPooling(context).GreatestCover;

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0) is { Element: ElementType.Float32, Rank: < 5 }
            && WindowAttributes.Kernel(context.Node)!.Aggregate(1L, (product, k) => product * k) <= MostTaps
            ? Operators.IntegerForm.Rescale
            : Operators.IntegerForm.None;

    // The mean of one window for all adjacent channels: sums in order of the taps, then one division.
    private static void Window(WindowGeometry g, ReadOnlySpan<float> image, int oy, int ox, int count, Span<float> y)
    {
        (int top, int bottom) = g.Y.Inside(oy);
        (int left, int right) = g.X.Inside(ox);
        y.Clear();
        for (int iy = top; iy < bottom; iy += g.Y.Dilation)
        {
            for (int ix = left; ix < right; ix += g.X.Dilation)
            {
                int from = ((iy * g.X.Input) + ix) * y.Length;
                if (y.Length == 1)
                    y[0] += image[from];
                else
                    TensorPrimitives.Add(y, image.Slice(from, y.Length), y);
            }
        }
        if (count > 0)
            TensorPrimitives.Divide(y, count, y);
    }

    /// <summary>Whether padding counts as elements of a window (attribute <c>count_include_pad</c>).</summary>
    public static bool CountsPadding(Node node) => node.Int("count_include_pad", 0) != 0;

    /// <summary>The node, counting padding as elements of a window.</summary>
    public static Node WithPaddingCounted(Node node) => node.With("count_include_pad", 1);
}
