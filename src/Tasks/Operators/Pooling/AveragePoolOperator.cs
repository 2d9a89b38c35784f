using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace OptimizerBuild.Operators.Pooling;

/// <summary>Mean over a sliding window, over the padding too where <c>count_include_pad</c> says so (ONNX operator AveragePool).</summary>
[Operator("AveragePool")]
internal sealed class AveragePoolOperator : Operator, IWindow, IReduction
{
    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context)
    {
        WindowGeometry geometry = WindowGeometry.OfPooling(context);
        TensorType x = context.Type(0);
        return x.Element.IsFloat()
            ? [geometry.Output(x.Element, geometry.Channels)]
            : throw context.Invalid($"its input is {x} instead of a floating-point tensor");
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
    public override bool PassesPositiveFactors(OperatorContext context, int axis) =>
        axis == (context.Node.IsChannelsLast() ? context.Type(0).Rank - 1 : 1);

    /// <inheritdoc/>
    public override IntegerForm IntegerForm(OperatorContext context) =>
        context.Type(0) is { Element: ElementType.Float32, Rank: < 5 } ? Operators.IntegerForm.Rescale : Operators.IntegerForm.None;

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
