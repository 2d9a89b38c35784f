using System.Globalization;
using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Compression.SecondOrder;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>
/// Unstructured sparsity: a share of all weights becomes zero, those that the layers' outputs change least by, and where there are data to
/// calibrate on, the weights that are left make up for them. Which layers lose how many follows from one threshold for all: what a weight
/// adds to its layer's output, in proportion to the power of that output (without data: the weight's square in proportion to the layer's,
/// S. Han et al. 2015, arXiv 1506.02626). Within a layer: <see cref="BrainSurgeon"/>.
/// </summary>
internal sealed class SparsificationTechnique : ICompressionTechnique
{
    // No layer is left with fewer: a hundredth.
    private const double GreatestShare = 0.99;

    /// <inheritdoc/>
    public string Name => "Sparsification";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.Sparsify;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options is { Sparsity: not null, SparsityPattern: SparsityPattern.Unstructured }
        || (options.Layers.AnySparsity && options.SparsityPattern != SparsityPattern.Block);

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (PrequantizedModel.Is(model.Graph))
            return new(model, ["the model is quantised already: its weights stay as they are"], []);
        Graph graph = model.Graph;
        PrunableLayer[] layers = [.. graph.Nodes.Select(n => PrunableLayer.Of(graph, n)).OfType<PrunableLayer>()];
        if (layers.Length == 0)
            return new(model, ["no layer with weights of its own"], []);
        InputHessians hessians = PrunableLayer.Hessians(graph, layers, context);
        int[] pruned = Amounts(layers, hessians, context.Options);

        var editor = new GraphEditor(graph);
        var notes = new List<string>
        {
            string.Create(CultureInfo.InvariantCulture,
                $"{pruned.Sum(p => (long)p)} of {layers.Sum(l => (long)l.Count)} weights are zero")
                + PrunableLayer.Choice(layers, hessians, context),
        };
        for (int i = 0; i < layers.Length; i++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Progress.Report(Name, (double)i / layers.Length, layers[i].Name);
            layers[i].Prune(hessians, pruned[i], context.Cancellation);
            editor.SetConstant(layers[i].Constant, layers[i].ToTensor());
            notes.Add(string.Create(CultureInfo.InvariantCulture,
                $"'{layers[i].Name}': {pruned[i]} of {layers[i].Count} ({100.0 * pruned[i] / layers[i].Count:F1} %)"));
        }
        return new(model.WithGraph(editor.ToGraph()), notes, []);
    }

    // One threshold for all weights of all layers but those of which a rule says how many.
    private static int[] Amounts(PrunableLayer[] layers, InputHessians hessians, ModelOptions options)
    {
        double?[] given = [.. layers.Select(l => options.Layers.SparsityOf(l.Context.Node.Origin))];
        var amounts = new int[layers.Length];
        for (int i = 0; i < layers.Length; i++)
            amounts[i] = (int)((given[i] ?? 0) * layers[i].Count);
        (double Score, int Layer)[] scores = [.. layers.SelectMany((l, i) =>
            given[i] is null ? l.RelativeScores(hessians).Select(s => (s, i)) : [])];
        Array.Sort(scores);
        double share = options.SparsityPattern == SparsityPattern.Unstructured ? options.Sparsity ?? 0 : 0;
        long left = (long)Math.Round(share * scores.Length);
        foreach ((_, int layer) in scores)
        {
            if (left == 0)
                break;
            if (amounts[layer] >= (int)(layers[layer].Count * GreatestShare))
                continue;
            amounts[layer]++;
            left--;
        }
        return amounts;
    }
}
