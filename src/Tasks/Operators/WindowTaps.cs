namespace OptimizerBuild.Operators;

/// <summary>An element of the input that a window covers.</summary>
/// <param name="Pixel">Its position in the image: the row-major index over the spatial axes.</param>
/// <param name="Tap">The window's tap that lies there: the row-major index over the kernel.</param>
internal readonly record struct WindowTap(int Pixel, int Tap);

/// <summary>
/// Enumerates what the windows of a geometry cover, over any number of spatial axes. Only taps inside the input are visited: a window
/// may be far larger than what it covers. Not for several threads.
/// </summary>
internal sealed class WindowTaps(WindowGeometry geometry)
{
    private List<WindowTap> _taps = [];
    private List<WindowTap> _next = [];
    private readonly int[] _position = new int[geometry.Axes.Length];

    /// <summary>The taps inside the input, in order of the kernel; valid until the next call.</summary>
    /// <param name="output">The window: the row-major index of its output over the spatial axes.</param>
    public List<WindowTap> Of(int output)
    {
        MoveTo(output);
        _taps.Clear();
        _taps.Add(default);
        for (int i = 0; i < _position.Length; i++)
        {
            WindowAxis axis = geometry.Axes[i];
            (int first, int end) = axis.Inside(_position[i]);
            int tap = first < end ? axis.Tap(_position[i], first) : 0;
            _next.Clear();
            foreach (WindowTap outer in _taps)
                for (int at = first, k = tap; at < end; at += axis.Dilation, k++)
                    _next.Add(new((outer.Pixel * axis.Input) + at, (outer.Tap * axis.Kernel) + k));
            (_taps, _next) = (_next, _taps);
        }
        return _taps;
    }

    /// <summary>The number of taps up to the end of the padding behind the input: what <c>count_include_pad</c> divides by.</summary>
    /// <param name="output">The window: the row-major index of its output over the spatial axes.</param>
    public int CountWithPadding(int output)
    {
        MoveTo(output);
        int count = 1;
        for (int i = 0; i < _position.Length; i++)
            count *= geometry.Axes[i].CountWithPadding(_position[i]);
        return count;
    }

    private void MoveTo(int output)
    {
        for (int i = _position.Length - 1; i >= 0; i--)
            (output, _position[i]) = Math.DivRem(output, geometry.Axes[i].Output);
    }
}
