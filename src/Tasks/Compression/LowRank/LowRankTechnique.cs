using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>Layers as several layers of a smaller rank; see <see cref="RankReduction"/> and <see cref="LayerDivision"/>.</summary>
internal sealed class LowRankTechnique : ICompressionTechnique
{
    /// <inheritdoc/>
    public string Name => RankReduction.Step;

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.ReduceRanks;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.Rank is not null || options.Layers.AnyRank;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (PrequantizedModel.Is(model.Graph))
            return new(model, ["the model is quantised already: its weights stay as they are"], []);
        (Graph smaller, List<string> notes) = new RankReduction(context, context.Options.RankForm)
            .Apply(model.Graph, context.Options.Rank, context.HasCalibrationData);
        return new(model.WithGraph(context.Renormalize(smaller)), notes, []);
    }
}
