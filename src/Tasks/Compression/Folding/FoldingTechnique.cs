using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Folding;

/// <summary>
/// Model folding (D. Wang et al., ICLR 2025, arXiv 2502.10216) over groups of dependent channels (G. Fang et al. 2023, arXiv 2301.12900),
/// with repair of statistics (K. Jordan et al. 2022, arXiv 2211.08403).
/// </summary>
internal sealed class FoldingTechnique : ICompressionTechnique
{
    /// <inheritdoc/>
    public string Name => ChannelFolding.Step;

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.Fold;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.Fold > 0;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (PrequantizedModel.Is(model.Graph))
            return new(model, ["the model is quantised already: its weights stay as they are"], []);
        // Made-up samples are alike enough for means and deviations, but not for fits.
        FoldRepair repair = context.Options.FoldRepair ?? (context.HasCalibrationData ? FoldRepair.Fit : FoldRepair.Statistics);
        (Graph smaller, List<string> notes) = new ChannelFolding(context, repair)
            .Apply(model.Graph, context.Options.Fold!.Value, nameof(ModelOptions.Fold));
        return new(model.WithGraph(context.Renormalize(smaller)), notes, []);
    }
}
