using System.Globalization;
using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Compression.SecondOrder;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>
/// Block sparsity: a share of the blocks that kernels read together becomes zero (<see cref="BlockGrid"/>), those that the layers' outputs
/// change least by, and where there are data to calibrate on, the weights that are left make up for them. Which layers lose how many
/// follows from one threshold for all, as for single weights; within a layer: <see cref="BlockSurgeon"/>. Blocks of weights for speed: S.
/// Narang, E. Undersander, G. Diamos, "Block-Sparse Recurrent Neural Networks", arXiv 1711.02782.
/// </summary>
internal sealed class BlockSparsificationTechnique : ICompressionTechnique
{
    // No layer is left with fewer: a hundredth.
    private const double GreatestShare = 0.99;

    /// <inheritdoc/>
    public string Name => "BlockSparsification";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.SparsifyBlocks;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) =>
        options.SparsityPattern == SparsityPattern.Block && (options.Sparsity is not null || options.Layers.AnySparsity);

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (PrequantizedModel.Is(model.Graph))
            return new(model, ["the model is quantised already: its weights stay as they are"], []);
        Graph graph = model.Graph;
        PrunableLayer[] all = [.. graph.Nodes.Select(n => PrunableLayer.Of(graph, n)).OfType<PrunableLayer>()];
        (PrunableLayer Layer, BlockGrid Grid)[] layers =
            [.. all.Select(l => (l, l.Blocks)).Where(l => l.Blocks is not null).Select(l => (l.l, l.Blocks!))];
        string dense = string.Join(", ", all.Except(layers.Select(l => l.Layer)).Select(l => $"'{l.Name}'"));
        string[] unfit = dense.Length == 0 ? [] : [$"dense stay {dense}: their weights do not fill blocks"];
        if (layers.Length == 0)
            return new(model, ["no layer with weights of its own that fill blocks", .. unfit], []);
        InputHessians hessians = PrunableLayer.Hessians(graph, [.. layers.Select(l => l.Layer)], context);
        int[] pruned = Amounts(layers, hessians, context.Options);

        var editor = new GraphEditor(graph);
        var notes = new List<string>();
        for (int i = 0; i < layers.Length; i++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            (PrunableLayer layer, BlockGrid grid) = layers[i];
            context.Progress.Report(Name, (double)i / layers.Length, layer.Name);
            layer.PruneBlocks(hessians, grid, pruned[i], context.Cancellation);
            editor.SetConstant(layer.Constant, layer.ToTensor());
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"'{layer.Name}': {pruned[i]} of {grid.Count} blocks ({100.0 * pruned[i] / grid.Count:F1} %)"));
        }
        string how = PrunableLayer.Choice([.. layers.Select(l => l.Layer)], hessians, context);
        string zeros = string.Create(CultureInfo.InvariantCulture,
            $"{layers.Sum(l => (long)l.Layer.Zeros)} of {layers.Sum(l => (long)l.Layer.Count)} weights are zero, in blocks");
        return new(model.WithGraph(editor.ToGraph()), [zeros + how, .. notes, .. unfit], []);
    }

    // One threshold for all blocks of all layers, by weight, but those of which a rule says how many.
    private static int[] Amounts((PrunableLayer Layer, BlockGrid Grid)[] layers, InputHessians hessians, ModelOptions options)
    {
        double?[] given = [.. layers.Select(l => options.Layers.SparsityOf(l.Layer.Context.Node.Origin))];
        (double Score, int Layer, int Weights)[] scores =
        [
            .. layers.SelectMany((l, i) => given[i] is null
                ? l.Layer.RelativeBlockScores(hessians, l.Grid).Select(s => (s.Score, i, s.Weights)) : []),
        ];
        Array.Sort(scores);
        int[] amounts = [.. layers.Select((l, i) => (int)((given[i] ?? 0) * l.Grid.Count))];
        long left = (long)Math.Round((options.Sparsity ?? 0) * scores.Sum(s => (long)s.Weights));
        foreach ((_, int layer, int weights) in scores)
        {
            if (left < weights)
                break;
            if (amounts[layer] >= (int)(layers[layer].Grid.Count * GreatestShare))
                continue;
            amounts[layer]++;
            left -= weights;
        }
        return amounts;
    }
}
