using System.Globalization;
using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Compression.SecondOrder;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>
/// 2:4 sparsity: of each four weights that kernels read side by side two become zero (A. Mishra et al., "Accelerating Sparse Deep Neural
/// Networks", arXiv 2104.08378, section 3), those that the output of the layer changes least by, and where there are data to calibrate on,
/// the weights that are left make up for them (<see cref="BrainSurgeon"/>). Here it saves bytes, not time: kernels read all four.
/// </summary>
internal sealed class TwoOfFourTechnique : ICompressionTechnique
{
    /// <inheritdoc/>
    public string Name => "TwoOfFourSparsification";

    /// <inheritdoc/>
    public CompressionStage Stage => CompressionStage.SparsifyQuads;

    /// <inheritdoc/>
    public bool IsOn(ModelOptions options) => options.SparsityPattern == SparsityPattern.TwoOfFour;

    /// <inheritdoc/>
    public CompressionResult Apply(CompressedModel model, CompressionContext context)
    {
        if (PrequantizedModel.Is(model.Graph))
            return new(model, ["the model is quantised already: its weights stay as they are"], []);
        Graph graph = model.Graph;
        PrunableLayer[] all = [.. graph.Nodes.Where(n => context.Options.Layers.SparsityOf(n.Origin) != 0)
            .Select(n => PrunableLayer.Of(graph, n)).OfType<PrunableLayer>()];
        (PrunableLayer Layer, BlockGrid Grid)[] layers =
            [.. all.Select(l => (l, l.Blocks)).Where(l => l.Blocks is not null).Select(l => (l.l, l.Blocks!))];
        string dense = string.Join(", ", all.Except(layers.Select(l => l.Layer)).Select(l => $"'{l.Name}'"));
        string[] unfit = dense.Length == 0 ? [] : [$"dense stay {dense}: their weights do not fill blocks"];
        if (layers.Length == 0)
            return new(model, ["no layer with weights of its own that fill blocks", .. unfit], []);
        InputHessians hessians = PrunableLayer.Hessians(graph, [.. layers.Select(l => l.Layer)], context);
        var editor = new GraphEditor(graph);
        for (int i = 0; i < layers.Length; i++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            (PrunableLayer layer, BlockGrid grid) = layers[i];
            context.Progress.Report(Name, (double)i / layers.Length, layer.Name);
            layer.PruneQuads(hessians, grid, context.Cancellation);
            editor.SetConstant(layer.Constant, layer.ToTensor());
        }
        string how = PrunableLayer.Choice([.. layers.Select(l => l.Layer)], hessians, context);
        string zeros = string.Create(CultureInfo.InvariantCulture,
            $"{layers.Sum(l => (long)l.Layer.Zeros)} of {layers.Sum(l => (long)l.Layer.Count)} weights are zero, two of each four");
        return new(model.WithGraph(editor.ToGraph()), [zeros + how, .. unfit], []);
    }
}
