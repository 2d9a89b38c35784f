using System.Collections.Immutable;
using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
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
internal sealed class AveragePoolOperator : Operator, IWindow, IReduction, IPassesFactors, ITrainingForward
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
    public bool PassesOffsets(OperatorContext context, ChannelPort input) =>
        !WindowAttributes.IsPadded(context.Node) && !WindowAttributes.RoundsUp(context.Node);

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

    /// <inheritdoc/>
    public void Forward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        (T[] x, T[] y) = (step.Input(0), step.Output(0));
        Array.Clear(y);
        Windows windows = step.Keep(() => new Windows(context));
        windows.ForEachTap((from, to, length, count) =>
            GradientSums.AddScaled(x.AsSpan(from, length), T.One / T.CreateTruncating(count), y.AsSpan(to, length)));
    }

    /// <inheritdoc/>
    public void Backward<T>(OperatorContext context, TrainingStep<T> step)
        where T : unmanaged, IBinaryFloatingPointIeee754<T>, IMinMaxValue<T>
    {
        if (step.Gradient(0) is not { } dx)
            return;
        T[] dy = step.OutputGradient;
        Windows windows = step.Keep(() => new Windows(context));
        windows.ForEachTap((from, to, length, count) =>
            GradientSums.AddScaled(dy.AsSpan(to, length), T.One / T.CreateTruncating(count), dx.AsSpan(from, length)));
    }

    // The windows and by how many elements each is divided.
    private sealed class Windows(OperatorContext context) : IHoldsBuffers
    {
        private readonly WindowPlaces _places = new(WindowGeometry.OfPooling(context));
        private readonly int[] _counts = Counts(context);

        public long Bytes => _places.Bytes + ((long)_counts.Length * sizeof(int));

        // Calls for each window and tap inside the image with places in the input and the output, how many adjacent channels lie there
        // and what the window is divided by.
        public void ForEachTap(Action<int, int, int, int> tap)
        {
            WindowGeometry g = _places.Geometry;
            int run = g.ChannelsLast ? g.Channels : 1, planes = g.Batch * g.Channels / run;
            for (int n = 0; n < planes; n++)
                for (int p = 0; p < _places.OutputPixels; p++)
                    for (int t = 0; t < _places.Taps; t++)
                        if (_places.Pixels[(p * _places.Taps) + t] is >= 0 and var pixel)
                            tap(((n * _places.InputPixels) + pixel) * run, ((n * _places.OutputPixels) + p) * run, run, _counts[p]);
        }

        private static int[] Counts(OperatorContext context)
        {
            WindowGeometry g = WindowGeometry.OfPooling(context);
            var taps = new WindowTaps(g);
            bool padded = CountsPadding(context.Node);
            return [.. Enumerable.Range(0, g.OutputPixels).Select(p => padded ? taps.CountWithPadding(p) : taps.Of(p).Count)];
        }
    }
}
