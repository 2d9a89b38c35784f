using System.Collections;
using System.Collections.Immutable;
using OptimizerBuild.Diagnostics;
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
    /// Class indices or targets in the order of <see cref="Samples"/>, equally many for each sample; null where the data has none. Whether
    /// they fit the model is for whoever uses them to find out.
    /// </summary>
    public Tensor? Labels { get; init; }

    /// <summary>Whether the samples serve for calibration because the user gave none for it, but some for evaluation.</summary>
    public bool IsFromEvaluation { get; init; }

    /// <summary>What the samples were made up of; null for samples of data.</summary>
    public MadeUpInputs? MadeUp { get; init; }

    /// <summary>Warnings about the data.</summary>
    public ImmutableArray<Diagnostic> Diagnostics { get; init; } = [];

    /// <summary>The data that the samples were taken from, for messages; null for synthetic ones.</summary>
    public DataSet? Data { get; init; }

    /// <summary>Some of the samples, with their labels where these can be shared out.</summary>
    /// <param name="places">The places of the samples in the set.</param>
    public SampleSet At(ImmutableArray<int> places) => this with
    {
        Samples = new Chosen(Samples, places),
        Labels = Labels is { Count: > 0 } labels && labels.Count % Samples.Count == 0 ? Rows(labels, labels.Count / Samples.Count, places)
            : null,
    };

    private Tensor Rows(Tensor labels, int each, ImmutableArray<int> places)
    {
        ImmutableArray<int> shape = labels.Dimensions[0] == Samples.Count
            ? [places.Length, .. labels.Dimensions[1..]] : [places.Length * each];
        Tensor rows = Tensor.Zeros(new TensorType(labels.Element, shape));
        for (int i = 0; i < places.Length; i++)
            Array.Copy(labels.Data, places[i] * each, rows.Data, i * each, each);
        return rows;
    }

    // Made when they are asked for, as the whole set's are.
    private sealed class Chosen(IReadOnlyList<IReadOnlyList<Tensor>> all, ImmutableArray<int> places) : IReadOnlyList<IReadOnlyList<Tensor>>
    {
        public int Count => places.Length;

        public IReadOnlyList<Tensor> this[int index] => all[places[index]];

        public IEnumerator<IReadOnlyList<Tensor>> GetEnumerator() => places.Select(p => all[p]).GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}

/// <summary>What made-up samples stand for.</summary>
/// <param name="Kinds">The number of kinds of input that are plausible; the samples are of each in turn.</param>
/// <param name="UnknownInputs">Inputs whose range nothing tells.</param>
/// <param name="HasCodes">Whether there are integers that index a table: which of its rows occur together, nothing tells.</param>
internal sealed record MadeUpInputs(int Kinds, ImmutableArray<string> UnknownInputs, bool HasCodes = false);
