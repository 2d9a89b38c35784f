namespace OptimizerBuild.Operators.Gradients;

/// <summary>
/// Where the taps of all windows of a geometry lie, over any number of axes: what convolutions and pools of training walk along.
/// </summary>
internal sealed class WindowPlaces : IHoldsBuffers
{
    /// <summary>The places of a geometry.</summary>
    /// <param name="geometry">The geometry.</param>
    public WindowPlaces(WindowGeometry geometry)
    {
        Geometry = geometry;
        (Taps, OutputPixels, InputPixels) = (geometry.Taps, geometry.OutputPixels, geometry.InputPixels);
        Pixels = new int[checked(OutputPixels * Taps)];
        Array.Fill(Pixels, -1);
        var taps = new WindowTaps(geometry);
        for (int p = 0; p < OutputPixels; p++)
            foreach (WindowTap tap in taps.Of(p))
                Pixels[(p * Taps) + tap.Tap] = tap.Pixel;
        _firstRuns = new int[OutputPixels + 1];
        for (int p = 0; p < OutputPixels; p++)
        {
            for (int t = 0; t < Taps; t++)
            {
                int pixel = Pixels[(p * Taps) + t];
                if (pixel < 0)
                    continue;
                if (_runs.Count > _firstRuns[p] && _runs[^1] is var last && last.Tap + last.Length == t
                    && last.Pixel + last.Length == pixel)
                    _runs[^1] = last with { Length = last.Length + 1 };
                else
                    _runs.Add(new(t, pixel, 1));
            }
            _firstRuns[p + 1] = _runs.Count;
        }
        IsPointwise = Taps == 1 && OutputPixels == InputPixels && !Pixels.Where((pixel, p) => pixel != p).Any();
    }

    private readonly int[] _firstRuns;
    private readonly List<Run> _runs = [];

    /// <summary>Taps of a window that follow each other and lie on pixels that follow each other.</summary>
    /// <param name="Tap">The first tap.</param>
    /// <param name="Pixel">The pixel of the input that it lies on.</param>
    /// <param name="Length">How many there are.</param>
    internal readonly record struct Run(int Tap, int Pixel, int Length);

    /// <summary>The taps of a window inside the image, in runs.</summary>
    /// <param name="pixel">The window: its position in the output.</param>
    public ReadOnlySpan<Run> RunsOf(int pixel) => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_runs)[
        _firstRuns[pixel].._firstRuns[pixel + 1]];

    private (int[] Pixels, int[] Lengths)? _byTap;

    /// <summary>
    /// The other way round: for each tap and each output pixel the pixel of the input that lies there, and how many output pixels from this
    /// one on are such that their pixels follow each other, or are all in the padding. Made when it is asked for first.
    /// </summary>
    public (int[] Pixels, int[] Lengths) ByTap => _byTap ??= Turned();

    private (int[] Pixels, int[] Lengths) Turned()
    {
        (int[] pixels, int[] lengths) = (new int[Pixels.Length], new int[Pixels.Length]);
        for (int t = 0; t < Taps; t++)
        {
            for (int p = OutputPixels - 1; p >= 0; p--)
            {
                int at = (t * OutputPixels) + p, pixel = Pixels[(p * Taps) + t];
                pixels[at] = pixel;
                lengths[at] = p + 1 < OutputPixels && pixels[at + 1] == (pixel < 0 ? -1 : pixel + 1) ? lengths[at + 1] + 1 : 1;
            }
        }
        return (pixels, lengths);
    }

    /// <inheritdoc/>
    public long Bytes => ((long)Pixels.Length + _firstRuns.Length + (3L * _runs.Capacity) + (_byTap is null ? 0 : 2L * Pixels.Length))
        * sizeof(int);

    /// <summary>The geometry.</summary>
    public WindowGeometry Geometry { get; }

    /// <summary>Taps of a window.</summary>
    public int Taps { get; }

    /// <summary>Positions of an image of the output.</summary>
    public int OutputPixels { get; }

    /// <summary>Positions of an image of the input.</summary>
    public int InputPixels { get; }

    /// <summary>For each output pixel and each tap the pixel of the input that lies there; −1 in the padding.</summary>
    public int[] Pixels { get; }

    /// <summary>Whether each output pixel sees the input pixel at its own place and no other.</summary>
    public bool IsPointwise { get; }
}
