using System.Numerics;
using OptimizerBuild.Operators.Pooling;

namespace OptimizerBuild.Operators.Linear;

/// <summary>
/// Convolution and pooling over three spatial dimensions, plainly: such models are rare, so that the reference evaluation of them
/// need not be fast.
/// </summary>
internal static class VolumeWindow
{
    /// <summary>Convolution with groups; sums in double precision.</summary>
    public static void Convolve(WindowGeometry g, float[] x, float[] w, float[]? bias, int outputChannels, int groups, float[] y)
    {
        int inputs = g.Channels / groups;
        int outputs = outputChannels / groups;
        foreach (Place place in Places(g, outputChannels))
        {
            double sum = bias is null ? 0 : bias[place.Channel];
            for (int c = 0; c < inputs; c++)
            {
                foreach ((int z, int v, int h, int tap) in Taps(g, place))
                {
                    int channel = (place.Channel / outputs * inputs) + c;
                    float value = x[Index(g, g.Channels, place.Image, channel, z, v, h, g.Z.Input, g.Y.Input, g.X.Input)];
                    sum += value * (double)w[(((place.Channel * inputs) + c) * g.Z.Kernel * g.Y.Kernel * g.X.Kernel) + tap];
                }
            }
            y[place.Output] = (float)sum;
        }
    }

    /// <summary>Maximum, and where wanted its index in the channels-first input.</summary>
    public static void Maximum<T>(WindowGeometry g, T[] x, T[] y, long[] indices, bool columnMajor)
        where T : unmanaged, INumber<T>, IMinMaxValue<T>
    {
        foreach (Place place in Places(g, g.Channels))
        {
            T best = T.MinValue;
            long index = -1;
            foreach ((int z, int v, int h, _) in Taps(g, place))
            {
                T value = x[Index(g, g.Channels, place.Image, place.Channel, z, v, h, g.Z.Input, g.Y.Input, g.X.Input)];
                if (index >= 0 && !(value > best) && !T.IsNaN(value))
                    continue;
                best = value;
                long start = ((long)place.Image * g.Channels + place.Channel) * g.Z.Input * g.Y.Input * g.X.Input;
                index = start + (columnMajor
                    ? z + ((long)g.Z.Input * (v + ((long)g.Y.Input * h)))
                    : h + ((long)g.X.Input * (v + ((long)g.Y.Input * z))));
            }
            y[place.Output] = best;
            if (indices.Length > 0)
                indices[place.Output] = index;
        }
    }

    /// <summary>Mean, over the padding too where it counts.</summary>
    public static void Average(WindowGeometry g, float[] x, bool padded, float[] y)
    {
        foreach (Place place in Places(g, g.Channels))
        {
            float sum = 0;
            int inside = 0;
            foreach ((int z, int v, int h, _) in Taps(g, place))
            {
                sum += x[Index(g, g.Channels, place.Image, place.Channel, z, v, h, g.Z.Input, g.Y.Input, g.X.Input)];
                inside++;
            }
            int count = padded
                ? WindowTaps.CountWithPadding(g.Z, place.Z) * WindowTaps.CountWithPadding(g.Y, place.Y)
                    * WindowTaps.CountWithPadding(g.X, place.X)
                : inside;
            y[place.Output] = count > 0 ? sum / count : 0;
        }
    }

    private static IEnumerable<Place> Places(WindowGeometry g, int channels)
    {
        for (int n = 0; n < g.Batch; n++)
            for (int c = 0; c < channels; c++)
                for (int z = 0; z < g.Z.Output; z++)
                    for (int y = 0; y < g.Y.Output; y++)
                        for (int x = 0; x < g.X.Output; x++)
                            yield return new(n, c, z, y, x, Index(g, channels, n, c, z, y, x, g.Z.Output, g.Y.Output, g.X.Output));
    }

    private static IEnumerable<(int Z, int Y, int X, int Tap)> Taps(WindowGeometry g, Place place)
    {
        // Only taps inside the input are visited: a window may be far larger than what it covers.
        (int front, int back) = WindowTaps.Inside(g.Z, place.Z);
        (int top, int bottom) = WindowTaps.Inside(g.Y, place.Y);
        (int left, int right) = WindowTaps.Inside(g.X, place.X);
        for (int z = front; z < back; z += g.Z.Dilation)
            for (int y = top; y < bottom; y += g.Y.Dilation)
                for (int x = left; x < right; x += g.X.Dilation)
                {
                    int row = (Tap(g.Z, place.Z, z) * g.Y.Kernel) + Tap(g.Y, place.Y, y);
                    yield return (z, y, x, (row * g.X.Kernel) + Tap(g.X, place.X, x));
                }
    }

    private static int Tap(WindowAxis axis, int output, int input) =>
        (int)((input - (((long)output * axis.Stride) - axis.PadBegin)) / axis.Dilation);

    private static int Index(WindowGeometry g, int channels, int n, int c, int z, int y, int x, int depth, int height, int width) =>
        g.ChannelsLast
        ? ((((((n * depth) + z) * height) + y) * width) + x) * channels + c
        : ((((((n * channels) + c) * depth) + z) * height) + y) * width + x;

    /// <summary>One output element.</summary>
    private readonly record struct Place(int Image, int Channel, int Z, int Y, int X, int Output);
}
