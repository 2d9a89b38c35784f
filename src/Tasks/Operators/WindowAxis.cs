namespace OptimizerBuild.Operators;

/// <summary>How a window slides along one spatial axis; padding is explicit.</summary>
/// <param name="Input">The input's size.</param>
/// <param name="Kernel">The number of taps.</param>
/// <param name="Stride">The step between neighbouring windows.</param>
/// <param name="Dilation">The step between neighbouring taps.</param>
/// <param name="PadBegin">Padding before the first element.</param>
/// <param name="PadEnd">Padding behind the last element, as declared: windows may reach less far, with <c>ceil_mode</c> also
/// further.</param>
/// <param name="Output">The output's size.</param>
internal readonly record struct WindowAxis(int Input, int Kernel, int Stride, int Dilation, int PadBegin, int PadEnd, int Output)
{
    /// <summary>The distance from the first to behind the last tap.</summary>
    public int Extent => ((Kernel - 1) * Dilation) + 1;

    /// <summary>How many elements behind the input's last one the last window reaches; 0 where it ends inside.</summary>
    public int ReachEnd => (int)Math.Max((((long)Output - 1) * Stride) + Extent - PadBegin - Input, 0);

    /// <summary>The axis along which nothing happens: one tap, one element.</summary>
    public static WindowAxis None { get; } = new(1, 1, 1, 1, 0, 0, 1);

    /// <summary>The padding that <c>auto_pad</c> SAME_UPPER and SAME_LOWER stand for: so much that there is an output for each stride,
    /// the odd element behind (upper) or before the input (lower).</summary>
    /// <param name="input">The input's size.</param>
    /// <param name="kernel">The number of taps, at least 1.</param>
    /// <param name="stride">The step between neighbouring windows, at least 1.</param>
    /// <param name="dilation">The step between neighbouring taps, at least 1.</param>
    /// <param name="upper">Whether the odd element lies behind the input.</param>
    public static (long Begin, long End) SamePadding(long input, long kernel, long stride, long dilation, bool upper)
    {
        long outputs = (input + stride - 1) / stride;
        long total = Math.Max((Math.Max(outputs - 1, 0) * stride) + ((kernel - 1) * dilation) + 1 - input, 0);
        long begin = upper ? total / 2 : total - (total / 2);
        return (begin, total - begin);
    }

    /// <summary>The first tap inside the input and the end behind the last one; taps are a dilation apart.</summary>
    /// <param name="output">The window's index.</param>
    public (int First, int End) Inside(int output)
    {
        long start = ((long)output * Stride) - PadBegin;
        long first = start >= 0 ? start : start + ((-start + Dilation - 1) / Dilation * Dilation);
        return ((int)Math.Min(first, Input), (int)Math.Min(start + Extent, Input));
    }

    /// <summary>The number of taps inside the input.</summary>
    /// <param name="output">The window's index.</param>
    public int Count(int output)
    {
        (int first, int end) = Inside(output);
        return end <= first ? 0 : (end - first + Dilation - 1) / Dilation;
    }

    /// <summary>The number of taps up to the end of the padding behind the input: what <c>count_include_pad</c> divides by. What
    /// <c>ceil_mode</c> lets the last window reach beyond it never counts.</summary>
    /// <param name="output">The window's index.</param>
    public int CountWithPadding(int output)
    {
        long start = ((long)output * Stride) - PadBegin;
        long end = Math.Min(start + Extent, (long)Input + PadEnd);
        return (int)((end - start + Dilation - 1) / Dilation);
    }

    /// <summary>Which of the window's taps lies at a position of the input.</summary>
    /// <param name="output">The window's index.</param>
    /// <param name="input">The position, one that the window covers.</param>
    public int Tap(int output, int input) => (int)((input - (((long)output * Stride) - PadBegin)) / Dilation);

    /// <summary>The outputs whose tap at an offset lies inside the input: the first one and the end behind the last one.</summary>
    /// <param name="offset">The tap's place in the window of output 0, in elements of the input; negative in the padding.</param>
    public (int First, int End) OutputsInside(int offset)
    {
        int first = offset >= 0 ? 0 : (-offset + Stride - 1) / Stride;
        int room = Input - 1 - offset;
        int end = room < 0 ? 0 : Math.Min(Output, (room / Stride) + 1);
        return (Math.Min(first, Output), Math.Max(end, 0));
    }
}
