using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Lowering;

/// <summary>
/// The sliding window of a channels-last convolution or pooling with automatic padding resolved; one-dimensional windows have height 1.
/// </summary>
internal sealed record WindowGeometry
{
    /// <summary>Window rows.</summary>
    public required int KernelHeight { get; init; }

    /// <summary>Window columns.</summary>
    public required int KernelWidth { get; init; }

    /// <summary>Input rows from one output row to the next.</summary>
    public required int StrideHeight { get; init; }

    /// <summary>Input pixels from one output pixel to the next.</summary>
    public required int StrideWidth { get; init; }

    /// <summary>Input rows from one window row to the next.</summary>
    public required int DilationHeight { get; init; }

    /// <summary>Input pixels from one window column to the next.</summary>
    public required int DilationWidth { get; init; }

    /// <summary>Padding above, left, below and right as the node declares it.</summary>
    public required (int Top, int Left, int Bottom, int Right) Pads { get; init; }

    /// <summary>The border that the window reaches into: at most the padding, less where strides leave some of it out.</summary>
    public required Border Reach { get; init; }

    /// <summary>Whether the node is a channels-last window over one or two axes, which is what the spatial kernels compute.</summary>
    public static bool Applies(Graph graph, Node node) =>
        node.IsChannelsLast() && graph.TypeOf(node.Inputs[0]).Rank is 3 or 4;

    /// <summary>The geometry of a channels-last Conv, MaxPool or AveragePool.</summary>
    public static WindowGeometry Of(Graph graph, Node node)
    {
        TensorType input = graph.TypeOf(node.Inputs[0]);
        TensorType output = graph.TypeOf(node.Outputs[0]);
        int axes = input.Rank - 2;
        int[] kernel = node.Is<ConvOperator>()
            ? [.. graph.TypeOf(node.Inputs[1]).Dimensions.AsSpan()[2..]]
            : ToInt(WindowAttributes.Kernel(node), axes, 1);
        int[] strides = ToInt(WindowAttributes.Strides(node), axes, 1);
        int[] dilations = ToInt(WindowAttributes.Dilations(node), axes, 1);
        int[] pads = ToInt(WindowAttributes.Pads(node), 2 * axes, 0);
        string automatic = WindowAttributes.AutoPad(node);
        var reach = new int[2 * axes];
        for (int i = 0; i < axes; i++)
        {
            int size = input.Dimensions[1 + i];
            int spanned = ((output.Dimensions[1 + i] - 1) * strides[i]) + ((kernel[i] - 1) * dilations[i]) + 1;
            if (automatic is "SAME_UPPER" or "SAME_LOWER" or "VALID")
            {
                int missing = automatic == "VALID" ? 0 : Math.Max(spanned - size, 0);
                pads[i] = automatic == "SAME_UPPER" ? missing / 2 : missing - (missing / 2);
                pads[axes + i] = missing - pads[i];
            }
            reach[i] = Math.Max(pads[i], 0);
            reach[axes + i] = Math.Max(spanned - pads[i] - size, 0);
        }
        bool flat = axes == 1;
        return new()
        {
            KernelHeight = flat ? 1 : kernel[0],
            KernelWidth = kernel[^1],
            StrideHeight = flat ? 1 : strides[0],
            StrideWidth = strides[^1],
            DilationHeight = flat ? 1 : dilations[0],
            DilationWidth = dilations[^1],
            Pads = flat ? (0, pads[0], 0, pads[1]) : (pads[0], pads[1], pads[2], pads[3]),
            Reach = flat ? new(0, reach[0], 0, reach[1]) : new(reach[0], reach[1], reach[2], reach[3]),
        };
    }

    private static int[] ToInt(long[]? values, int count, int otherwise) =>
        values is null ? [.. Enumerable.Repeat(otherwise, count)] : Array.ConvertAll(values, v => checked((int)v));
}
