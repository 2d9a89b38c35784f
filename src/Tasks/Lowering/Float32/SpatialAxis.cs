using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Lowering.Float32;

/// <summary>How a window slides along one axis, with automatic padding resolved.</summary>
/// <param name="Kernel">Elements of the window.</param>
/// <param name="Stride">Inputs from one window to the next.</param>
/// <param name="Dilation">Inputs from one element of the window to the next.</param>
/// <param name="Before">Padding before the first input.</param>
/// <param name="After">Padding behind the last input, as far as windows reach; for declared padding not less than that.</param>
/// <param name="DeclaredAfter">Padding behind the last input as the node declares it.</param>
internal readonly record struct SpatialAxis(int Kernel, int Stride, int Dilation, int Before, int After, int DeclaredAfter)
{
    /// <summary>All axes of a Conv, MaxPool or AveragePool.</summary>
    /// <param name="node">The node.</param>
    /// <param name="kernel">The window's extents.</param>
    /// <param name="input">The input's spatial extents.</param>
    /// <param name="output">The output's spatial extents.</param>
    public static SpatialAxis[] Of(Node node, int[] kernel, ReadOnlySpan<int> input, ReadOnlySpan<int> output)
    {
        int axes = kernel.Length;
        long[] strides = Values(node, "strides", axes, 1);
        long[] dilations = Values(node, "dilations", axes, 1);
        long[] pads = Values(node, "pads", 2 * axes, 0);
        string automatic = WindowAttributes.AutoPad(node);
        var result = new SpatialAxis[axes];
        for (int i = 0; i < axes; i++)
        {
            int stride = checked((int)strides[i]);
            int dilation = checked((int)dilations[i]);
            int before = checked((int)pads[i]);
            int declared = checked((int)pads[axes + i]);
            int spanned = ((output[i] - 1) * stride) + ((kernel[i] - 1) * dilation) + 1;
            if (automatic is "SAME_UPPER" or "SAME_LOWER" or "VALID")
            {
                int missing = automatic == "VALID" ? 0 : Math.Max(spanned - input[i], 0);
                before = automatic == "SAME_UPPER" ? missing / 2 : missing - (missing / 2);
                declared = missing - before;
            }
            result[i] = new(kernel[i], stride, dilation, before, Math.Max(declared, spanned - before - input[i]), declared);
        }
        return result;
    }

    private static long[] Values(Node node, string attribute, int count, long otherwise) =>
        node.Ints(attribute) is { Length: > 0 } values ? values : [.. Enumerable.Repeat(otherwise, count)];
}
