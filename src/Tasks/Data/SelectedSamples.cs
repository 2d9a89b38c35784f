using System.Collections;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Some of a list's samples. Few bytes of them are kept from the first use on; of large samples each use takes, that is makes, them anew.
/// </summary>
/// <param name="samples">All samples.</param>
/// <param name="chosen">The indices of those taken, in order.</param>
internal sealed class SelectedSamples(IReadOnlyList<IReadOnlyList<Tensor>> samples, IReadOnlyList<int> chosen)
    : IReadOnlyList<IReadOnlyList<Tensor>>
{
    /// <summary>How many bytes of samples are kept: 64 MB.</summary>
    public const long KeptBytes = 64L << 20;

    private readonly IReadOnlyList<Tensor>?[] _kept = new IReadOnlyList<Tensor>?[chosen.Count];
    private long _bytes;

    /// <inheritdoc/>
    public int Count => chosen.Count;

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> this[int index]
    {
        get
        {
            if (Volatile.Read(ref _kept[index]) is { } known)
                return known;
            IReadOnlyList<Tensor> sample = samples[chosen[index]];
            if (Interlocked.Add(ref _bytes, sample.Sum(t => (long)t.Count * t.Element.Size())) <= KeptBytes)
                Volatile.Write(ref _kept[index], sample);
            return sample;
        }
    }

    /// <summary>Evenly spaced samples of a list.</summary>
    /// <param name="samples">The list.</param>
    /// <param name="count">How many.</param>
    public static SelectedSamples Spread(IReadOnlyList<IReadOnlyList<Tensor>> samples, int count) =>
        new(samples, [.. Enumerable.Range(0, count).Select(i => (int)((long)i * samples.Count / count))]);

    /// <inheritdoc/>
    public IEnumerator<IReadOnlyList<Tensor>> GetEnumerator()
    {
        for (int i = 0; i < Count; i++)
            yield return this[i];
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
