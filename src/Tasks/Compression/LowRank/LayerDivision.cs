using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>The ways in which one layer can be several layers of a smaller rank, and the best of them.</summary>
internal sealed class LayerDivision
{
    /// <summary>The greatest matrix whose eigenvectors are looked for: rotations cost some tens of its size to the third power.</summary>
    public const int MostSize = 512;

    // Amounts of automatic ranks, in shares of the layer's work.
    private const double Step = 0.05;

    private readonly WeightedLayer _layer;
    private readonly ResponseForm _responses;
    private readonly ILayerForm[] _forms;

    /// <summary>The ways of a layer of one group.</summary>
    /// <param name="graph">The layer's graph.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="moments">What it reads on the samples; null where nothing is known, so that all inputs count alike.</param>
    /// <param name="form">Into which layers a convolution of several taps is divided; other layers have one way.</param>
    /// <param name="layers">How many such layers share the work that a model may take.</param>
    /// <param name="cancellation">Stops the work.</param>
    public LayerDivision(
        Graph graph, LayerMatrix layer, LayerMoments? moments, RankForm form, int layers, CancellationToken cancellation)
    {
        _layer = new(graph, layer, moments, cancellation);
        _responses = new(_layer);
        ILayerForm?[] forms = [_responses, SpatialForm.Of(_layer), TuckerForm.Of(_layer, _responses), CanonicalForm.Of(_layer, layers)];
        _forms = [.. forms.OfType<ILayerForm>().Where(f => form == RankForm.Auto || layer.Taps == 1 || f.Form == form)];
    }

    /// <summary>Whether the layer is of a kind and size that can be divided.</summary>
    public static bool Takes(LayerMatrix layer) =>
        layer is { Groups: 1, Rows: > 0 } && layer.Outputs > 1 && layer.Columns > 1
            && layer.Outputs <= MostSize && layer.Columns <= 2304;

    /// <summary>The divisions that cost at most a share of the layer's multiply-accumulates, the one of least loss first.</summary>
    /// <param name="share">The share.</param>
    public IEnumerable<LayerFactors> At(double share) => _forms.Select(f => f.At(share)).OfType<LayerFactors>().OrderBy(f => f.Loss);

    /// <summary>
    /// The divisions of the least work whose loss is at most a share of the power, the one of least loss first: none where no rank saves
    /// anything. The search begins with the rank of the results under noise (<see cref="VariationalRank"/>), as in Y. Kim et al. 2016,
    /// section 3.2, and goes on from there to what the loss allows.
    /// </summary>
    /// <param name="loss">The share of the power.</param>
    /// <param name="most">The share of the multiply-accumulates that a division may cost at most.</param>
    public IEnumerable<LayerFactors> Within(double loss, double most)
    {
        (int fails, int keeps) = (1, (int)Math.Floor((most / Step) + 1e-9) + 1);
        LayerFactors[] best = [];
        int at = Math.Clamp((int)(_responses.ShareOf(EstimatedRank()) / Step), fails + 1, keeps - 1);
        while (keeps - fails > 1)
        {
            LayerFactors[] within = [.. At(at * Step).Where(f => f.Loss <= loss)];
            if (within.Length > 0)
                (keeps, best) = (at, within);
            else
                fails = at;
            at = (fails + keeps) / 2;
        }
        return best;
    }

    /// <summary>The rank of the results under noise.</summary>
    public int EstimatedRank()
    {
        int shorter = Math.Min(_layer.Outputs, _layer.Columns);
        return VariationalRank.Of([.. _responses.Powers.Take(shorter)], Math.Max(_layer.Outputs, _layer.Columns));
    }
}
