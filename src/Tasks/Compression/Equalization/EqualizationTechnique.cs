using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Equalization;

/// <summary>
/// Cross-layer equalisation (M. Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", ICCV 2019,
/// arXiv 1906.04721, section 4.1): channel by channel a factor moves from one layer into the next, so that both have weights of equal
/// ranges. What the model computes stays the same up to rounding. Needs no data.
/// </summary>
internal sealed class EqualizationTechnique : ICompressionTechnique
{
    /// <inheritdoc/>
    public string Name => "Equalization";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.Equalize;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.Equalize;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (PrequantizedModel.Is(model.Graph))
            return new(model, ["the model is quantised already: its weights stay as they are"], []);
        var editor = new GraphEditor(model.Graph);
        var layers = EqualizableLayers.Of(editor);
        if (layers.Links.IsEmpty)
            return new(model, ["no two layers between which factors can move"], []);
        int rounds = layers.Equalize(context.Cancellation);
        layers.Apply(editor);
        Graph graph = context.Renormalize(editor.ToGraph());
        return new(model.WithGraph(graph),
            [
                FormattableString.Invariant($"{layers.Links.Length} pairs of layers equalised in {rounds} rounds"),
                .. layers.Links.Select(l => FormattableString.Invariant(
                    $"'{l.From.Layer.Node.Name}' → '{l.To.Layer.Node.Name}': factors {l.Least:G3} to {l.Greatest:G3}")),
            ],
            []);
    }
}
