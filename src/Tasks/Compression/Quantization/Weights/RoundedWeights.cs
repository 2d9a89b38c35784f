namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Rounded weights of a graph's layers that follow from the weights and what the layers read alone: the plans that are tried with several
/// ranges of activations have them in common, and to make them takes longest of all.
/// </summary>
internal sealed class RoundedWeights
{
    private readonly Dictionary<(string Node, WeightLevels Levels), QuantizedRows> _nearest = [];
    private readonly Dictionary<(string Node, WeightLevels Levels), QuantizedRows> _compensated = [];
    private readonly Dictionary<(string Node, bool IsWideOutput), PairBound> _bounds = [];
    private readonly Dictionary<(string Node, bool IsWideOutput), QuantizedRows[]> _bounded = [];

    /// <summary>Each weight at its nearest level.</summary>
    /// <param name="node">The layer.</param>
    /// <param name="levels">The levels that it is to have.</param>
    /// <param name="make">Makes them; returns as well the levels that they turned out to need.</param>
    public QuantizedRows Nearest(string node, WeightLevels levels, Func<(QuantizedRows Rows, WeightLevels Levels)> make)
    {
        if (_nearest.TryGetValue((node, levels), out QuantizedRows? known))
            return known;
        (QuantizedRows rows, WeightLevels became) = make();
        return _nearest[(node, became)] = rows;
    }

    /// <summary>Weights that make up for each other's errors.</summary>
    public QuantizedRows Compensated(string node, WeightLevels levels, Func<QuantizedRows> make) => Of(_compensated, (node, levels), make);

    /// <summary>The bound on pairs of a layer.</summary>
    public PairBound Bound(string node, bool isWideOutput, Func<PairBound> make) => Of(_bounds, (node, isWideOutput), make);

    /// <summary>The ways of keeping it.</summary>
    public QuantizedRows[] Bounded(string node, bool isWideOutput, Func<QuantizedRows[]> make) => Of(_bounded, (node, isWideOutput), make);

    private static T Of<TKey, T>(Dictionary<TKey, T> known, TKey key, Func<T> make)
        where TKey : notnull
    {
        if (!known.TryGetValue(key, out T? value))
            known[key] = value = make();
        return value;
    }
}
