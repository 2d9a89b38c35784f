using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Operators;

/// <summary>How a window slides along one spatial axis.</summary>
/// <param name="Input">The input's size.</param>
/// <param name="Kernel">The number of taps.</param>
/// <param name="Stride">The step between neighbouring windows.</param>
/// <param name="Dilation">The step between neighbouring taps.</param>
/// <param name="PadBegin">Padding before the first element.</param>
/// <param name="PadEnd">Padding behind the last element.</param>
/// <param name="Output">The output's size.</param>
internal readonly record struct WindowAxis(int Input, int Kernel, int Stride, int Dilation, int PadBegin, int PadEnd, int Output)
{
    /// <summary>The distance from the first to behind the last tap.</summary>
    public int Extent => ((Kernel - 1) * Dilation) + 1;

    /// <summary>The axis along which nothing happens: one tap, one element.</summary>
    public static WindowAxis None { get; } = new(1, 1, 1, 1, 0, 0, 1);
}

/// <summary>
/// The geometry of a convolution or pooling: <c>kernel_shape</c>, <c>strides</c>, <c>dilations</c>, <c>pads</c>, <c>auto_pad</c>,
/// <c>ceil_mode</c> and <c>channels_last</c> worked out to numbers. One-dimensional forms have the single axis <see cref="X"/>,
/// three-dimensional ones <see cref="Z"/> in front.
/// </summary>
/// <param name="Batch">Images.</param>
/// <param name="Channels">Input channels.</param>
/// <param name="Y">The vertical axis; <see cref="WindowAxis.None"/> where there is only one.</param>
/// <param name="X">The horizontal or only axis.</param>
/// <param name="SpatialRank">1, 2 or 3.</param>
/// <param name="ChannelsLast">Whether activations are N,H,W,C (or N,L,C).</param>
internal sealed record WindowGeometry(int Batch, int Channels, WindowAxis Y, WindowAxis X, int SpatialRank, bool ChannelsLast)
{
    /// <summary>The axis of depth; <see cref="WindowAxis.None"/> where there are fewer than three.</summary>
    public WindowAxis Z { get; init; } = WindowAxis.None;

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

    /// <summary>The geometry of a MaxPool or AveragePool.</summary>
    /// <exception cref="ModelException">The node is not valid.</exception>
    public static WindowGeometry OfPooling(OperatorContext context)
    {
        long[] kernel = WindowAttributes.Kernel(context.Node) ?? throw context.Invalid("it has no kernel_shape");
        return Of(context, [.. kernel.Select(k => Positive(context, "kernel_shape", k))], WindowAttributes.RoundsUp(context.Node));
    }

    /// <summary>The output's type.</summary>
    /// <param name="element">The element type.</param>
    /// <param name="channels">The number of output channels.</param>
    public TensorType Output(ElementType element, int channels) => (SpatialRank, ChannelsLast) switch
    {
        (1, false) => TensorType.Of(element, Batch, channels, X.Output),
        (1, true) => TensorType.Of(element, Batch, X.Output, channels),
        (2, false) => TensorType.Of(element, Batch, channels, Y.Output, X.Output),
        (2, true) => TensorType.Of(element, Batch, Y.Output, X.Output, channels),
        (_, false) => TensorType.Of(element, Batch, channels, Z.Output, Y.Output, X.Output),
        _ => TensorType.Of(element, Batch, Z.Output, Y.Output, X.Output, channels),
    };

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
        string auto = WindowAttributes.AutoPad(node);
        if (pads.Length != 2 * rank || pads.Any(p => p is < 0 or > int.MaxValue / 4))
            throw context.Invalid($"pads [{string.Join(',', pads)}] are not {2 * rank} non-negative numbers");

        var axes = new WindowAxis[rank];
        for (int i = 0; i < rank; i++)
        {
            int input = x.Dimensions[last ? i + 1 : i + 2];
            int k = kernel[i] > 0 ? kernel[i] : throw context.Invalid("its kernel is empty");
            int stride = Positive(context, "strides", strides[i]);
            int dilation = Positive(context, "dilations", dilations[i]);
            int extent = checked(((k - 1) * dilation) + 1);
            int output, begin, end;
            switch (auto)
            {
                case "SAME_UPPER" or "SAME_LOWER":
                    output = (int)(((long)input + stride - 1) / stride);
                    int total = (int)Math.Max((Math.Max(output - 1L, 0) * stride) + extent - input, 0);
                    begin = auto == "SAME_UPPER" ? total / 2 : total - (total / 2);
                    end = total - begin;
                    break;
                case "NOTSET" or "VALID" or "":
                    (begin, end) = auto == "VALID" ? (0, 0) : ((int)pads[i], (int)pads[i + rank]);
                    long span = (long)input + begin + end - extent;
                    if (span < 0)
                        throw context.Invalid($"its window of {extent} does not fit into {input} elements with padding {begin} and {end}");
                    output = (int)((ceilMode ? span + stride - 1 : span) / stride) + 1;
                    // With ceil_mode a window may hang over the end, but not begin in the padding behind it.
                    if (ceilMode && (output - 1L) * stride >= (long)input + begin)
                        output--;
                    break;
                default:
                    throw context.Invalid($"auto_pad '{auto}' is not known");
            }
            axes[i] = new(input, k, stride, dilation, begin, end, output);
        }
        return new(x.Dimensions[0], x.Dimensions[last ? ^1 : 1], rank > 1 ? axes[^2] : WindowAxis.None, axes[^1], rank, last)
        {
            Z = rank > 2 ? axes[0] : WindowAxis.None,
        };
    }

    private static long[] List(OperatorContext context, long[]? given, string attribute, int rank)
    {
        long[] values = given ?? [];
        if (values.Length == 0)
            values = [.. Enumerable.Repeat(1L, rank)];
        return values.Length == rank
            ? values
            : throw context.Invalid($"{attribute} has {values.Length} entries for {rank} spatial dimensions");
    }

    // The bound keeps products of two such numbers within 64 bits and sums within 32.
    private static int Positive(OperatorContext context, string attribute, long value) =>
        value is > 0 and <= 1 << 24 ? (int)value : throw context.Invalid($"{attribute} contains {value}");
}
