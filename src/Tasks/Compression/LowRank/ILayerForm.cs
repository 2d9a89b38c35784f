using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>A layer as several layers of a smaller rank between them.</summary>
/// <param name="Rank">The channels between the layers, for the report: one number, or two.</param>
/// <param name="Macs">The multiply-accumulates of all of them, in proportion to those of the one layer.</param>
/// <param name="Loss">The share of the power of the layer's results that is lost on the samples.</param>
/// <param name="Kind">What was divided, for the report.</param>
/// <param name="Insert">Puts the layers in the place of the one.</param>
internal sealed record LayerFactors(string Rank, double Macs, double Loss, string Kind, Action<GraphEditor> Insert);

/// <summary>A way in which a layer can be several layers of a smaller rank.</summary>
internal interface ILayerForm
{
    /// <summary>Its name in the metadata.</summary>
    RankForm Form { get; }

    /// <summary>The layers that cost at most a share of the layer's multiply-accumulates; null where there are none.</summary>
    /// <param name="share">The share, above 0 and below 1.</param>
    LayerFactors? At(double share);
}
