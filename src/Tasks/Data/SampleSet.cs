using OptimizerBuild.Graphs;

namespace OptimizerBuild.Data;

/// <summary>
/// Samples of a graph's inputs, with their labels or targets where there are any. Each sample holds one tensor for each graph input, in
/// the graph's order, of exactly the input's type.
/// </summary>
/// <param name="Samples">The samples.</param>
/// <param name="Synthetic">Whether they were made up because the user gave none.</param>
internal sealed record SampleSet(IReadOnlyList<IReadOnlyList<Tensor>> Samples, bool Synthetic)
{
    /// <summary>No samples at all.</summary>
    public static SampleSet Empty { get; } = new([], Synthetic: true);

    /// <summary>
    /// Class indices or targets; null where the data has none. The first dimension counts the samples of the data set, of which
    /// <see cref="Samples"/> may be a part.
    /// </summary>
    public Tensor? Labels { get; init; }
}
