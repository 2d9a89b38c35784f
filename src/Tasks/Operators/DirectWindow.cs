using System.Numerics;

namespace OptimizerBuild.Operators;

/// <summary>
/// Convolution and pooling straight from their definition, over any number of spatial axes. Maps over one and two axes have faster
/// forms; the others are so rare that their reference evaluation need not be fast.
/// </summary>
internal static class DirectWindow
{
    /// <summary>Convolution with groups; sums in double precision.</summary>
    /// <param name="g">The geometry.</param>
    /// <param name="x">The input.</param>
    /// <param name="w">The weights, O,I/groups and the kernel's axes.</param>
    /// <param name="bias">One value for each output channel; null for zeros.</param>
    /// <param name="outputChannels">Output channels.</param>
    /// <param name="groups">Groups of channels that do not mix.</param>
    /// <param name="y">Receives the output.</param>
    public static void Convolve(WindowGeometry g, float[] x, float[] w, float[]? bias, int outputChannels, int groups, float[] y)
    {
        int inputs = g.Channels / groups, outputs = outputChannels / groups;
        int kernel = g.Taps, from = g.InputPixels, to = g.OutputPixels;
        var windows = new WindowTaps(g);
        for (int p = 0; p < to; p++)
        {
            List<WindowTap> taps = windows.Of(p);
            for (int n = 0; n < g.Batch; n++)
            {
                for (int o = 0; o < outputChannels; o++)
                {
                    double sum = bias is null ? 0 : bias[o];
                    for (int c = 0; c < inputs; c++)
                    {
                        int channel = (o / outputs * inputs) + c;
                        foreach ((int pixel, int tap) in taps)
                            sum += x[g.Index(g.Channels, from, n, channel, pixel)] * (double)w[(((o * inputs) + c) * kernel) + tap];
                    }
                    y[g.Index(outputChannels, to, n, o, p)] = (float)sum;
                }
            }
        }
    }

    /// <summary>Maximum, and where wanted its index in the channels-first input.</summary>
    /// <typeparam name="T">The elements' type.</typeparam>
    /// <param name="g">The geometry.</param>
    /// <param name="x">The input.</param>
    /// <param name="y">Receives the maxima.</param>
    /// <param name="indices">Receives their indices; empty where nobody asks for them.</param>
    /// <param name="columnMajor">Whether indices count the first spatial axis fastest instead of the last one.</param>
    public static void Maximum<T>(WindowGeometry g, T[] x, T[] y, long[] indices, bool columnMajor)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>
    {
        int from = g.InputPixels, to = g.OutputPixels;
        var windows = new WindowTaps(g);
        for (int p = 0; p < to; p++)
        {
            List<WindowTap> taps = windows.Of(p);
            for (int n = 0; n < g.Batch; n++)
            {
                for (int c = 0; c < g.Channels; c++)
                {
                    T best = T.MinValue;
                    int place = -1;
                    foreach ((int pixel, _) in taps)
                    {
                        T value = x[g.Index(g.Channels, from, n, c, pixel)];
                        if (place >= 0 && !(value > best) && !T.IsNaN(value))
                            continue;
                        (best, place) = (value, pixel);
                    }
                    int at = g.Index(g.Channels, to, n, c, p);
                    y[at] = best;
                    if (indices.Length > 0)
                        indices[at] = place < 0
                            ? -1
                            : ((((long)n * g.Channels) + c) * from) + (columnMajor ? ColumnMajor(g, place) : place);
                }
            }
        }
    }

    /// <summary>Mean, over the padding too where it counts.</summary>
    /// <param name="g">The geometry.</param>
    /// <param name="x">The input.</param>
    /// <param name="padded">Whether padding counts.</param>
    /// <param name="y">Receives the means.</param>
    public static void Average(WindowGeometry g, float[] x, bool padded, float[] y)
    {
        int from = g.InputPixels, to = g.OutputPixels;
        var windows = new WindowTaps(g);
        for (int p = 0; p < to; p++)
        {
            List<WindowTap> taps = windows.Of(p);
            int count = padded ? windows.CountWithPadding(p) : taps.Count;
            for (int n = 0; n < g.Batch; n++)
            {
                for (int c = 0; c < g.Channels; c++)
                {
                    float sum = 0;
                    foreach ((int pixel, _) in taps)
                        sum += x[g.Index(g.Channels, from, n, c, pixel)];
                    y[g.Index(g.Channels, to, n, c, p)] = count > 0 ? sum / count : 0;
                }
            }
        }
    }

    // The index of a position that is given by its row-major one.
    private static long ColumnMajor(WindowGeometry g, int pixel)
    {
        long index = 0;
        for (int i = g.Axes.Length - 1; i >= 0; i--)
        {
            (pixel, int position) = Math.DivRem(pixel, g.Axes[i].Input);
            long step = 1;
            for (int j = 0; j < i; j++)
                step *= g.Axes[j].Input;
            index += position * step;
        }
        return index;
    }
}
