using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Equalization;

/// <summary>
/// Cross-layer equalisation (M. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019,
/// arXiv 1906.04721, section 4.1): channel by channel a factor moves from layers into those that read them, so that both have weights of
/// equal ranges, and biases move where they only lift a range (<see cref="BiasAbsorption"/>). What the model computes stays the same up to
/// rounding: factors in any case, biases on the samples. Factors need no data.
/// </summary>
/// <remarks>Which comes first makes no difference: a factor multiplies a channel's values and what is taken from them alike.</remarks>
internal sealed class EqualizationTechnique : ICompressionTechnique
{
    /// <inheritdoc/>
    public string Name => "Equalization";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.Equalize;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.Equalize == true;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (PrequantizedModel.Is(model.Graph))
            return new(model, ["the model is quantised already: its weights stay as they are"], []);
        (Graph graph, IReadOnlyList<string> absorbed) = BiasAbsorption.Apply(model.Graph, context);
        var layers = EqualizableLayers.Of(graph);
        if (layers.Groups.IsEmpty && absorbed.Count == 0)
            return new(model, ["no layers between which factors or biases can move"], []);
        int rounds = layers.Equalize(context.Cancellation);
        graph = context.Renormalize(layers.Apply());
        return new(model.WithGraph(graph),
            [
                FormattableString.Invariant($"{layers.Groups.Length} groups of layers equalised in {rounds} rounds"),
                .. layers.Groups.Select(g => FormattableString.Invariant(
                    $"{g.Name}: factors {layers.FactorsOf(g).Least:G3} to {layers.FactorsOf(g).Greatest:G3}")),
                .. absorbed,
            ],
            []);
    }
}
