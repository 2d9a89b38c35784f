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
        ModelOptions options = context.Options;
        string what = FormattableString.Invariant($"{Name} {options.Rank} {options.RankForm} {options.Layers}");
        Division division = context.Once(model.Graph, what, () =>
        {
            (Graph smaller, List<string> notes) = new RankReduction(context, options.RankForm)
                .Apply(model.Graph, options.Rank, context.HasCalibrationData);
            return new Division(context.Renormalize(smaller), notes);
        });
        return new(model.WithGraph(division.Graph), division.Notes, []);
    }

    /// <summary>The model with divided layers, and what was done.</summary>
    private sealed record Division(Graph Graph, IReadOnlyList<string> Notes);
}
