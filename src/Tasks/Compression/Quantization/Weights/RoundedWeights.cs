namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Rounded weights of a graph's layers that follow from the weights and what the layers read alone: the plans that are tried with several
/// ranges of activations have them in common, and to make them takes longest of all.
/// </summary>
internal sealed class RoundedWeights
{
    private readonly Dictionary<(string Node, bool IsWide), QuantizedRows> _nearest = [];
    private readonly Dictionary<(string Node, bool IsWide), QuantizedRows> _compensated = [];
    private readonly Dictionary<(string Node, bool IsWideOutput), PairBound> _bounds = [];
    private readonly Dictionary<(string Node, bool IsWideOutput), QuantizedRows[]> _bounded = [];

    /// <summary>Each weight at its nearest level.</summary>
    /// <param name="node">The layer.</param>
    /// <param name="isWide">Whether it has 8 bits though it was to have 4.</param>
    /// <param name="make">Makes them; returns as well whether they turned out to need 8 bits.</param>
    public QuantizedRows Nearest(string node, bool isWide, Func<(QuantizedRows Rows, bool IsWide)> make)
    {
        if (_nearest.TryGetValue((node, isWide), out QuantizedRows? known))
            return known;
        (QuantizedRows rows, bool became) = make();
        return _nearest[(node, became)] = rows;
    }

    /// <summary>Weights that make up for each other's errors.</summary>
    public QuantizedRows Compensated(string node, bool isWide, Func<QuantizedRows> make) => Of(_compensated, (node, isWide), make);

    /// <summary>The bound on pairs of a layer.</summary>
    public PairBound Bound(string node, bool isWideOutput, Func<PairBound> make) => Of(_bounds, (node, isWideOutput), make);

    /// <summary>The ways of keeping it.</summary>
    public QuantizedRows[] Bounded(string node, bool isWideOutput, Func<QuantizedRows[]> make) => Of(_bounded, (node, isWideOutput), make);

    private static T Of<T>(Dictionary<(string, bool), T> known, (string, bool) key, Func<T> make)
    {
        if (!known.TryGetValue(key, out T? value))
            known[key] = value = make();
        return value;
    }
}
