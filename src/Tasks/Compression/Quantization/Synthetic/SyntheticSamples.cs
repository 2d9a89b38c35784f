using System.Collections;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization.Synthetic;

/// <summary>
/// Samples of noise, drawn when they are asked for: each has a seed of its own, so that one that is asked for twice is the same, that more
/// samples do not change the first ones, and that none has to be kept.
/// </summary>
/// <param name="graph">The graph whose inputs they are.</param>
/// <param name="kinds">The kinds of noise, which take turns.</param>
/// <param name="count">The number of samples.</param>
internal sealed class SyntheticSamples(Graph graph, IReadOnlyList<InputNoise> kinds, int count) : IReadOnlyList<IReadOnlyList<Tensor>>
{
    private const int Seed = 0x0B71;

    /// <inheritdoc/>
    public int Count => count;

    /// <inheritdoc/>
    public IReadOnlyList<Tensor> this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)count, nameof(index));
            var random = new Random(Seed + index);
            InputNoise kind = kinds[index % kinds.Count];
            return [.. graph.Inputs.Select(name => kind.Draw(name, graph.TypeOf(name), random, index / kinds.Count))];
        }
    }

    /// <inheritdoc/>
    public IEnumerator<IReadOnlyList<Tensor>> GetEnumerator()
    {
        for (int i = 0; i < count; i++)
            yield return this[i];
    }

    /// <inheritdoc/>
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
