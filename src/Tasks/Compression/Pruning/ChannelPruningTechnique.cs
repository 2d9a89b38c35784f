using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Pruning;

/// <summary>
/// Channel pruning without training (H. Li et al. 2016, arXiv 1608.08710; J. Luo et al. 2017, ThiNet, arXiv 1707.06342; Y. He et al. 2017,
/// arXiv 1707.06168) over groups of dependent channels (G. Fang et al. 2023, DepGraph, arXiv 2301.12900).
/// </summary>
internal sealed class ChannelPruningTechnique : ICompressionTechnique
{
    /// <inheritdoc/>
    public string Name => ChannelPruning.Step;

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.PruneChannels;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options is { Sparsity: > 0, SparsityPattern: SparsityPattern.Channel };

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (PrequantizedModel.Is(model.Graph))
            return new(model, ["the model is quantised already: its weights stay as they are"], []);
        (Graph smaller, List<string> notes) = new ChannelPruning(context, context.Options.PruningCriterion)
            .Apply(model.Graph, context.Options.Sparsity!.Value, nameof(ModelOptions.Sparsity));
        return new(model.WithGraph(context.Renormalize(smaller)), notes, []);
    }
}
