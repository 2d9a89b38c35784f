using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Compression.SecondOrder;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>The weights of a layer while some of them become zero.</summary>
internal sealed class PrunableLayer
{
    private const int MostSamples = 512;
    private const long MostProducts = 12_000_000_000;

    private readonly double[][] _rows;
    private readonly float _factor;
    private readonly Tensor _original;

    private PrunableLayer(OperatorContext context, DotProductLayer layer, Tensor original, float factor)
    {
        Context = context;
        Layer = layer;
        _original = original;
        _factor = factor;
        _rows = [.. Enumerable.Range(0, layer.Channels).Select(c =>
            Enumerable.Range(0, layer.Length).Select(k => (double)layer.Weights[layer.Index(c, k)]).ToArray())];
    }

    /// <summary>The node with its inputs' types and constants.</summary>
    public OperatorContext Context { get; }

    /// <summary>The weights before.</summary>
    public DotProductLayer Layer { get; }

    /// <summary>The node's name.</summary>
    public string Name => Context.Node.Name;

    /// <summary>The name of the constant.</summary>
    public string Constant => Context.Node.Inputs[1];

    /// <summary>The number of weights.</summary>
    public int Count => _original.Count;

    /// <summary>The layer of a node; null where it has no weights of its own that are finite float32 numbers.</summary>
    public static PrunableLayer? Of(Graph graph, Node node)
    {
        OperatorContext context = OperatorContext.Of(graph, node);
        if (!node.Is<IDotProduct>() || DotProductLayer.Read(context, out _) is not { } layer
            || GraphIndex.Of(graph).Readers(node.Inputs[1]).Count() != 1
            || graph.Outputs.Contains(node.Inputs[1]) || layer.Weights.Any(w => !float.IsFinite(w)))
            return null;
        float factor = node.As<IDotProduct>() is IMatrixProduct product ? product.ProductFactor(node) : 1;
        return factor == 0 ? null : new(context, layer, graph.Constant(node.Inputs[1])!, factor);
    }

    /// <summary>The blocks of weights that kernels read together; null where the layer does not fill panels.</summary>
    public BlockGrid? Blocks => BlockGrid.Of(Context, Layer);

    /// <summary>How many weights are zero.</summary>
    public int Zeros => _rows.Sum(row => row.Count(w => w == 0));

    /// <summary>The second moments of the layers' inputs over the calibration samples; none where magnitudes are to decide.</summary>
    public static InputHessians Hessians(Graph graph, IReadOnlyList<PrunableLayer> layers, CompressionContext context)
    {
        if (!LooksAtData(context))
            return InputHessians.Empty;
        var evaluator = new GraphEvaluator(graph);
        evaluator.RequireMemory();
        IReadOnlyList<IReadOnlyList<Tensor>> samples = context.Calibration.Samples;
        long affordable = Math.Clamp(MostProducts / Math.Max(evaluator.MultiplyAccumulates, 1), 16, MostSamples);
        return context.Once(graph, string.Join('\n', layers.Select(l => l.Name)), () => InputHessians.Collect(
            evaluator, [.. layers.Select(l => (l.Context, l.Layer))],
            SelectedSamples.Spread(samples, (int)Math.Min(Math.Min(affordable, context.Options.CalibrationSamples), samples.Count)),
            context.Cancellation));
    }

    /// <summary>How weights have been chosen, in the words of the report.</summary>
    public static string Choice(IReadOnlyList<PrunableLayer> layers, InputHessians hessians, CompressionContext context)
    {
        if (!LooksAtData(context))
            return context.HasCalibrationData ? ", the smallest"
                : ", the smallest; there are no calibration data by which others could make up for them";
        string unknown = string.Join(", ", layers.Where(l => !hessians.Has(l.Name)).Select(l => $"'{l.Name}'"));
        return ", the others make up for them on the calibration data"
            + (unknown.Length == 0 ? "" : $"; not in {unknown}, of which there are no second moments: the smallest are zero there");
    }

    /// <summary>For each weight what it adds to the power of the layer's output, in proportion to all.</summary>
    public IEnumerable<double> RelativeScores(InputHessians hessians)
    {
        double[]?[] diagonals = [.. Enumerable.Range(0, Layer.Groups).Select(g => hessians.Diagonal(Name, g))];
        double[] scores = [.. _rows.SelectMany((row, r) => row.Select((w, k) => w * w * (diagonals[Group(r)]?[k] ?? 1)))];
        double all = 0;
        foreach (double score in scores)
            all += score;
        return scores.Select(s => all > 0 ? s / all : 0);
    }

    /// <summary>Sets weights to zero.</summary>
    /// <param name="hessians">What is known of the inputs.</param>
    /// <param name="count">How many weights.</param>
    /// <param name="cancellation">Stops the work.</param>
    public void Prune(InputHessians hessians, int count, CancellationToken cancellation)
    {
        double[]?[] groups = [.. Enumerable.Range(0, Layer.Groups).Select(g => hessians.Damped(Name, g))];
        if (groups[0] is null)
        {
            // The smallest; of equal ones the first.
            foreach ((int r, int k) in _rows.SelectMany((row, r) => row.Select((w, k) => (Square: w * w, r, k)))
                .OrderBy(w => w.Square).Take(count).Select(w => (w.r, w.k)))
                _rows[r][k] = 0;
            return;
        }
        new BrainSurgeon(_rows, groups!, Group, cancellation).Prune(count);
    }

    /// <summary>
    /// For each block, panel after panel, what a weight of it adds on average to the power of the output, in proportion to all, and how
    /// many weights it has.
    /// </summary>
    public IEnumerable<(double Score, int Weights)> RelativeBlockScores(InputHessians hessians, BlockGrid blocks)
    {
        double[] scores = [.. RelativeScores(hessians)];
        foreach ((int first, int count) in blocks.Panels)
            foreach (int[] quad in blocks.Quads)
            {
                double sum = 0;
                for (int r = first; r < first + count; r++)
                    foreach (int k in quad)
                        sum += scores[(r * Layer.Length) + k];
                yield return (sum / (count * quad.Length), count * quad.Length);
            }
    }

    /// <summary>Sets blocks of weights to zero.</summary>
    /// <param name="hessians">What is known of the inputs.</param>
    /// <param name="blocks">The layer's blocks.</param>
    /// <param name="count">How many of them.</param>
    /// <param name="cancellation">Stops the work.</param>
    public void PruneBlocks(InputHessians hessians, BlockGrid blocks, int count, CancellationToken cancellation)
    {
        double[]?[] groups = [.. Enumerable.Range(0, Layer.Groups).Select(g => hessians.Damped(Name, g))];
        new BlockSurgeon(_rows, blocks, groups[0] is null ? null : [.. groups!], Group, cancellation).Prune(count);
    }

    /// <summary>Sets all but two weights of each quad of a row to zero.</summary>
    /// <param name="hessians">What is known of the inputs.</param>
    /// <param name="blocks">The layer's blocks, which say what a quad is.</param>
    /// <param name="cancellation">Stops the work.</param>
    public void PruneQuads(InputHessians hessians, BlockGrid blocks, CancellationToken cancellation)
    {
        double[]?[] groups = [.. Enumerable.Range(0, Layer.Groups).Select(g => hessians.Damped(Name, g))];
        if (groups[0] is not null)
        {
            new BrainSurgeon(_rows, groups!, Group, cancellation).PruneQuads(blocks.Quads);
            return;
        }
        foreach (double[] row in _rows)
            foreach (int[] quad in blocks.Quads)
                foreach (int k in quad.OrderByDescending(k => row[k] * row[k]).Skip(2))
                    row[k] = 0;
    }

    /// <summary>The weights as the node reads them.</summary>
    public Tensor ToTensor()
    {
        var values = new float[_original.Count];
        for (int c = 0; c < _rows.Length; c++)
            for (int k = 0; k < _rows[c].Length; k++)
                values[Layer.Index(c, k)] = (float)(_rows[c][k] / _factor);
        return new(_original.Type, values);
    }

    private static bool LooksAtData(CompressionContext context) =>
        context.HasCalibrationData && context.Options.PruningCriterion != PruningCriterion.Magnitude;

    private int Group(int row) => row / (Layer.Channels / Layer.Groups);
}
