using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>
/// Puts several layers of a smaller rank in the place of layers whose estimated time falls by it (J. Xue et al. 2013 for dense layers; the
/// forms of convolutions: <see cref="ILayerForm"/>), weighted by what the layers read on calibration samples.
/// </summary>
/// <param name="context">The build's context.</param>
/// <param name="form">Into which layers convolutions of several taps are divided.</param>
internal sealed class RankReduction(CompressionContext context, RankForm form)
{
    /// <summary>The name of the step, for progress and messages.</summary>
    public const string Step = "LowRank";

    // What the results of a layer may lose of their power with automatic ranks, and what two layers may cost at most to be worth it.
    private const double AutomaticLoss = 0.005;
    private const double AutomaticShare = 0.75;

    private const long Budget = 1L << 35;

    /// <summary>Reduces the ranks of a model's layers.</summary>
    /// <param name="graph">The model after the passes.</param>
    /// <param name="rank">How far where no rule for single layers says it; null: layers stay.</param>
    /// <param name="weighted">Whether samples weight the inputs; otherwise all count alike, and nothing is fitted.</param>
    /// <returns>The model, to be normalised, and what was done.</returns>
    public (Graph Graph, List<string> Notes) Apply(Graph graph, RankAmount? rank, bool weighted)
    {
        LayerMatrix[] layers = [.. graph.Nodes.Select(n => LayerMatrix.Of(graph, n)).OfType<LayerMatrix>()
            .Where(l => LayerDivision.Takes(l) && RankOf(l) is not null)];
        LayerMoments[]? moments = weighted ? Moments(graph, layers) : null;
        var notes = new List<string>();
        var editor = new GraphEditor(graph);
        double before = context.EstimatedNanoseconds(new(graph));
        int divided = 0, slower = 0, windows = Math.Max(layers.Count(l => l.Taps > 1), 1);
        for (int l = 0; l < layers.Length; l++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            LayerMatrix layer = layers[l];
            context.Progress.Report(Step, (double)l / layers.Length, layer.Node.Name);
            var division = new LayerDivision(graph, layer, moments?[l], form, windows, context.Cancellation);
            bool found = false, faster = false;
            foreach (LayerFactors factors in RankOf(layer)!.Value.Share is { } share
                ? division.At(share) : division.Within(AutomaticLoss, AutomaticShare))
            {
                found = true;
                var trial = new GraphEditor(editor.ToGraph());
                factors.Insert(trial);
                Graph smaller = ShapeInference.Infer(trial.ToGraph());
                double after = context.EstimatedNanoseconds(new(smaller));
                if (after >= before)
                    continue;
                (editor, before, faster) = (new GraphEditor(smaller), after, true);
                notes.Add(FormattableString.Invariant(
                    $"'{layer.Node.Name}': rank {factors.Rank} by {factors.Kind}, {factors.Macs:P0} of the work, ")
                    + FormattableString.Invariant($"{factors.Loss:P2} of the results' power lost"));
                break;
            }
            divided += faster ? 1 : 0;
            slower += found && !faster ? 1 : 0;
        }
        Graph result = editor.ToGraph();
        if (divided > 0 && weighted)
        {
            (result, int fitted, int samples) = new OutputRefit(graph, _ => null, context).Run(result, Step);
            notes.Insert(0, FormattableString.Invariant($"{fitted} layers fitted to the whole model's results on {samples} samples"));
        }
        notes.Insert(0, FormattableString.Invariant(
            $"{divided} of {layers.Length} layers divided; in {slower} others the estimated time would not fall"));
        return (result, notes);

        RankAmount? RankOf(LayerMatrix layer) => context.Options.Layers.RankOf(layer.Node.Name, rank);
    }

    private LayerMoments[] Moments(Graph graph, LayerMatrix[] layers)
    {
        IReadOnlyList<Tensor>[] samples = LayerRows.Spread(
            context.Calibration, Math.Max(Budget / Math.Max(LayerRows.Work(graph), 1), 8));
        LayerMoments[] moments = [.. layers.Select(l => new LayerMoments(l.Columns))];
        LayerRows.Read(graph, layers, [.. layers.Select(l => LayerRows.PerSample(l, samples.Length))], samples,
            (l, _, rows, count) => moments[l].Add(rows, count), context.Cancellation);
        return moments;
    }
}
