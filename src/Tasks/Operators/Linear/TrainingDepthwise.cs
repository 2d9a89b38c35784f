using System.Numerics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;

namespace OptimizerBuild.Operators.Linear;

/// <summary>
/// A depthwise convolution of channels-last images forward and backward: each tap adds what it multiplies of a run of neighbouring pixels
/// at a time, with the tap's weights repeated for as many pixels. Belongs to one tape.
/// </summary>
/// <param name="places">Where the windows' taps lie.</param>
/// <param name="channels">Channels.</param>
/// <param name="batch">Images.</param>
/// <typeparam name="T">float or double.</typeparam>
internal sealed class TrainingDepthwise<T>(WindowPlaces places, int channels, int batch) : IHoldsBuffers
    where T : unmanaged, IBinaryFloatingPointIeee754<T>
{
    // Elements that a run has at most: what is repeated for all taps of a usual window stays in the first-level cache.
    private const int RunElements = 512;

    private readonly int _together = Math.Clamp(RunElements / Math.Max(channels, 1), 1,
        Math.Max(places.ByTap.Lengths.DefaultIfEmpty(1).Max(), 1));

    // The weights of each tap, or the gradients, for each pixel of a run.
    private T[]? _repeated;

    private int Width => _together * channels;

    /// <inheritdoc/>
    public long Bytes => (long)(_repeated?.Length ?? 0) * ElementTypes.Of<T>().Size();

    /// <summary>Adds the convolution.</summary>
    /// <param name="x">The images.</param>
    /// <param name="weights">The weights: channels, taps.</param>
    /// <param name="y">Is added the results.</param>
    public void Forward(T[] x, T[] weights, T[] y)
    {
        T[] repeated = Repeat(weights);
        ForEachRun((tap, from, to, count) => GradientSums.AddProducts(
            x.AsSpan(from, count), repeated.AsSpan(tap * Width, count), y.AsSpan(to, count)));
    }

    /// <summary>Adds the gradient of the images.</summary>
    /// <param name="weights">The weights.</param>
    /// <param name="dy">The gradient of the results.</param>
    /// <param name="dx">Is added to.</param>
    public void InputGradient(T[] weights, T[] dy, T[] dx)
    {
        T[] repeated = Repeat(weights);
        ForEachRun((tap, from, to, count) => GradientSums.AddProducts(
            dy.AsSpan(to, count), repeated.AsSpan(tap * Width, count), dx.AsSpan(from, count)));
    }

    /// <summary>Adds the gradient of the weights.</summary>
    /// <param name="x">The images.</param>
    /// <param name="dy">The gradient of the results.</param>
    /// <param name="dw">Is added to.</param>
    public void WeightGradient(T[] x, T[] dy, T[] dw)
    {
        T[] sums = _repeated ??= new T[places.Taps * Width];
        Array.Clear(sums);
        ForEachRun((tap, from, to, count) => GradientSums.AddProducts(
            x.AsSpan(from, count), dy.AsSpan(to, count), sums.AsSpan(tap * Width, count)));
        for (int t = 0; t < places.Taps; t++)
        {
            Span<T> sum = sums.AsSpan(t * Width, channels);
            for (int i = 1; i < _together; i++)
                GradientSums.Add(sums.AsSpan((t * Width) + (i * channels), channels), sum);
            for (int c = 0; c < channels; c++)
                dw[(c * places.Taps) + t] += sum[c];
        }
    }

    private T[] Repeat(T[] weights)
    {
        T[] repeated = _repeated ??= new T[places.Taps * Width];
        for (int t = 0; t < places.Taps; t++)
        {
            Span<T> tap = repeated.AsSpan(t * Width, Width);
            for (int c = 0; c < channels; c++)
                tap[c] = weights[(c * places.Taps) + t];
            for (int i = 1; i < _together; i++)
                tap[..channels].CopyTo(tap[(i * channels)..]);
        }
        return repeated;
    }

    // Calls for each image, each tap and each run of pixels that the tap sees with the tap, the run's place in the images, that in the
    // results, and its elements.
    private void ForEachRun(Action<int, int, int, int> run)
    {
        (int[] pixels, int[] lengths) = places.ByTap;
        for (int n = 0; n < batch; n++)
        {
            for (int at = 0, count; at < pixels.Length; at += count)
            {
                (int tap, int p) = Math.DivRem(at, places.OutputPixels);
                int pixel = pixels[at];
                count = pixel < 0 ? lengths[at] : Math.Min(lengths[at], _together);
                if (pixel >= 0)
                    run(tap, ((n * places.InputPixels) + pixel) * channels, ((n * places.OutputPixels) + p) * channels, count * channels);
            }
        }
    }
}
