namespace OptimizerBuild.Operators.Gradients;

/// <summary>
/// Where the taps of all windows of a geometry lie, over any number of axes: what convolutions and pools of training walk along.
/// </summary>
internal sealed class WindowPlaces
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
        IsPointwise = Taps == 1 && OutputPixels == InputPixels && !Pixels.Where((pixel, p) => pixel != p).Any();
    }

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
