using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>
/// The geometry of a convolution or pooling over any number of spatial axes: <c>kernel_shape</c>, <c>strides</c>, <c>dilations</c>,
/// <c>pads</c>, <c>ceil_mode</c> and <c>channels_last</c> worked out to numbers. Inference, reference evaluation, the simulation of integer
/// arithmetic and lowering all read it here. There is no <c>auto_pad</c>: the importer has turned it into <c>pads</c>.
/// </summary>
/// <param name="Batch">Images.</param>
/// <param name="Channels">Input channels.</param>
/// <param name="Axes">The spatial axes, outermost first.</param>
/// <param name="ChannelsLast">Whether activations are N,…,C instead of N,C,….</param>
internal sealed record WindowGeometry(int Batch, int Channels, ImmutableArray<WindowAxis> Axes, bool ChannelsLast)
{
    /// <summary>The largest window extent, stride or dilation: products of two such numbers stay within 64 bits, sums within 32.</summary>
    public const int MaximumStep = 1 << 24;

    /// <summary>The horizontal or only axis.</summary>
    public WindowAxis X => Axes[^1];

    /// <summary>The vertical axis; <see cref="WindowAxis.None"/> where there is only one.</summary>
    public WindowAxis Y => Axes.Length > 1 ? Axes[^2] : WindowAxis.None;

    /// <summary>The axis of depth; <see cref="WindowAxis.None"/> where there are fewer than three.</summary>
    public WindowAxis Z => Axes.Length > 2 ? Axes[^3] : WindowAxis.None;

    /// <summary>Whether this is a channels-last window over one or two axes, which is what the spatial kernels compute.</summary>
    public bool IsChannelsLastMap => ChannelsLast && Axes.Length <= 2;

    /// <summary>Taps of a whole window.</summary>
    public int Taps => Product(a => a.Kernel);

    /// <summary>Positions of an image of the input.</summary>
    public int InputPixels => Product(a => a.Input);

    /// <summary>Positions of an image of the output.</summary>
    public int OutputPixels => Product(a => a.Output);

    /// <summary>The most elements of the input that one window can cover.</summary>
    public long GreatestCover => Axes.Aggregate(1L, (product, a) => product * Math.Min(a.Kernel, a.Input));

    /// <summary>Whether a node is a channels-last window over one or two axes.</summary>
    /// <param name="graph">The node's graph.</param>
    /// <param name="node">A Conv, MaxPool or AveragePool.</param>
    public static bool IsMap(Graph graph, Node node) =>
        node.IsChannelsLast() && graph.TypeOf(node.Inputs[0]).Rank is 3 or 4;

    /// <summary>The geometry of a Conv.</summary>
    /// <exception cref="ModelException">The node is not valid.</exception>
    public static WindowGeometry OfConvolution(OperatorContext context)
    {
        TensorType w = context.Type(1);
        if (w.Rank < 3)
            throw context.Invalid($"its weights are {w}");
        int[] kernel = [.. w.Dimensions.Skip(2)];
        if (WindowAttributes.Kernel(context.Node) is { } declared && !declared.SequenceEqual(kernel.Select(k => (long)k)))
            throw context.Invalid($"kernel_shape [{string.Join(',', declared)}] does not fit the weights {w}");
        return Of(context, kernel, ceilMode: false);
    }

    /// <summary>Whether some window lies wholly in the padding.</summary>
    public bool HasEmptyWindow => Axes.Any(a =>
        (a.PadBegin > 0 || a.ReachEnd > 0) && Enumerable.Range(0, a.Output).Any(o => a.Count(o) == 0));

    /// <summary>The geometry of a MaxPool or AveragePool.</summary>
    /// <exception cref="ModelException">The node is not valid.</exception>
    public static WindowGeometry OfPooling(OperatorContext context)
    {
        long[] kernel = WindowAttributes.Kernel(context.Node) ?? throw context.Invalid("it has no kernel_shape");
        return Of(context, [.. kernel.Select(k => Positive(context, "kernel_shape", k))], WindowAttributes.RoundsUp(context.Node));
    }

    /// <summary>One window over the whole of a feature map: what global pooling reduces.</summary>
    /// <param name="input">The map's dimensions.</param>
    /// <param name="channelsLast">Whether its channels come last.</param>
    public static WindowGeometry Whole(ReadOnlySpan<int> input, bool channelsLast)
    {
        var axes = ImmutableArray.CreateBuilder<WindowAxis>();
        foreach (int size in channelsLast ? input[1..^1] : input[2..])
            axes.Add(new(size, size, 1, 1, 0, 0, 1));
        return new(input[0], channelsLast ? input[^1] : input[1], axes.ToImmutable(), channelsLast);
    }

    /// <summary>The output's type.</summary>
    /// <param name="element">The element type.</param>
    /// <param name="channels">The number of output channels.</param>
    public TensorType Output(ElementType element, int channels)
    {
        IEnumerable<int> sizes = Axes.Select(a => a.Output);
        return TensorType.Of(element, ChannelsLast ? [Batch, .. sizes, channels] : [Batch, channels, .. sizes]);
    }

    /// <summary>Where an element of a feature map with this layout lies in its tensor.</summary>
    /// <param name="channels">Channels of the map.</param>
    /// <param name="pixels">Positions of an image of it.</param>
    /// <param name="image">The image.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="pixel">The position: its row-major index over the spatial axes.</param>
    public int Index(int channels, int pixels, int image, int channel, int pixel) => ChannelsLast
        ? (((image * pixels) + pixel) * channels) + channel
        : (((image * channels) + channel) * pixels) + pixel;

    private static WindowGeometry Of(OperatorContext context, int[] kernel, bool ceilMode)
    {
        Node node = context.Node;
        TensorType x = context.Type(0);
        int rank = kernel.Length;
        if (x.Rank != rank + 2)
            throw context.Invalid($"its input {x} does not have {rank} spatial dimensions");
        if (rank is < 1 or > 3)
            throw context.Unsupported($"{node.OpType} with 1 to 3 spatial dimensions, not {rank}");
        bool last = node.IsChannelsLast();
        long[] strides = List(context, WindowAttributes.Strides(node), "strides", rank);
        long[] dilations = List(context, WindowAttributes.Dilations(node), "dilations", rank);
        long[] pads = WindowAttributes.Pads(node) ?? new long[2 * rank];
        if (pads.Length != 2 * rank || pads.Any(p => p is < 0 or > int.MaxValue / 4))
            throw context.Invalid($"pads [{string.Join(',', pads)}] are not {2 * rank} non-negative numbers");

        var axes = ImmutableArray.CreateBuilder<WindowAxis>(rank);
        for (int i = 0; i < rank; i++)
        {
            int input = x.Dimensions[last ? i + 1 : i + 2];
            int k = kernel[i] > 0 ? kernel[i] : throw context.Invalid("its kernel is empty");
            int stride = Positive(context, "strides", strides[i]);
            int dilation = Positive(context, "dilations", dilations[i]);
            int extent = checked(((k - 1) * dilation) + 1);
            (int begin, int end) = ((int)pads[i], (int)pads[i + rank]);
            long span = (long)input + begin + end - extent;
            if (span < 0)
                throw context.Invalid($"its window of {extent} does not fit into {input} elements with padding {begin} and {end}");
            int output = (int)((ceilMode ? span + stride - 1 : span) / stride) + 1;
            // With ceil_mode a window may hang over the end, but not begin in the padding behind it.
            if (ceilMode && (output - 1L) * stride >= (long)input + begin)
                output--;
            axes.Add(new(input, k, stride, dilation, begin, end, output));
        }
        return new(x.Dimensions[0], x.Dimensions[last ? ^1 : 1], axes.ToImmutable(), last);
    }

    private int Product(Func<WindowAxis, int> size)
    {
        int product = 1;
        foreach (WindowAxis axis in Axes)
            product = checked(product * size(axis));
        return product;
    }

    private static long[] List(OperatorContext context, long[]? given, string attribute, int rank)
    {
        long[] values = given ?? [.. Enumerable.Repeat(1L, rank)];
        return values.Length == rank
            ? values
            : throw context.Invalid($"{attribute} has {values.Length} entries for {rank} spatial dimensions");
    }

    private static int Positive(OperatorContext context, string attribute, long value) =>
        value is > 0 and <= MaximumStep ? (int)value : throw context.Invalid($"{attribute} contains {value}");
}
