namespace OptimizerBuild.Operators.Pooling;

/// <summary>Which elements of its input a pooling window covers.</summary>
internal static class WindowTaps
{
    /// <summary>The first tap inside the input and the end behind the last one; taps are a dilation apart.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="output">The window's index.</param>
    public static (int First, int End) Inside(WindowAxis axis, int output)
    {
        long start = ((long)output * axis.Stride) - axis.PadBegin;
        long first = start >= 0 ? start : start + ((-start + axis.Dilation - 1) / axis.Dilation * axis.Dilation);
        return ((int)Math.Min(first, axis.Input), (int)Math.Min(start + axis.Extent, axis.Input));
    }

    /// <summary>The number of taps up to the end of the padding behind the input: what <c>count_include_pad</c> divides by.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="output">The window's index.</param>
    public static int CountWithPadding(WindowAxis axis, int output)
    {
        long start = ((long)output * axis.Stride) - axis.PadBegin;
        long end = Math.Min(start + axis.Extent, (long)axis.Input + axis.PadEnd);
        return (int)((end - start + axis.Dilation - 1) / axis.Dilation);
    }

    /// <summary>The number of taps inside the input.</summary>
    /// <param name="axis">The axis.</param>
    /// <param name="output">The window's index.</param>
    public static int Count(WindowAxis axis, int output)
    {
        (int first, int end) = Inside(axis, output);
        return end <= first ? 0 : (end - first + axis.Dilation - 1) / axis.Dilation;
    }
}
