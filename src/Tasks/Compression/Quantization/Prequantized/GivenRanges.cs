using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization.Prequantized;

/// <summary>The quantisations that a model says itself.</summary>
/// <param name="given">The quantisation of each value for which it says one.</param>
internal sealed class GivenRanges(IReadOnlyDictionary<string, ActivationQuantization> given) : IRanges
{
    /// <inheritdoc/>
    public ActivationQuantization Choose(IReadOnlyList<string> members, IntegerNodes nodes) => given[members.First(given.ContainsKey)];

    /// <inheritdoc/>
    public bool AreBytes(IReadOnlyList<string> members) => members.Any(given.ContainsKey);

    /// <inheritdoc/>
    public ActivationQuantization OfConstant(Tensor constant) => LevelGrid.Of(constant) ?? ValuePlanner.OfConstant(constant);
}
