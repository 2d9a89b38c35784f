using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// Rows that layers read on calibration samples: of each sample some, at places that follow from the layer's name and the sample's number,
/// so that a layer is asked for the same rows in every form of the model (Y. He et al. 2017, arXiv 1707.06168, section 3.1, take ten a
/// picture).
/// </summary>
internal static class LayerRows
{
    // What one batch of samples is evaluated on at a time.
    private const int Batch = 32;

    // Rows and results that are kept of a layer, in numbers.
    private const int MostNumbers = 1 << 20;

    private const int MostRows = 16384;

    /// <summary>How many rows of each sample are taken of a layer.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="samples">The number of samples.</param>
    public static int PerSample(LayerMatrix layer, int samples)
    {
        int total = Math.Min(MostRows, MostNumbers / Math.Max(1, layer.Outputs * layer.Groups));
        return Math.Clamp(total / Math.Max(samples, 1), 1, Math.Max(layer.Rows, 1));
    }

    /// <summary>Evaluates a graph on samples and hands on the rows that layers read.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="layers">Layers of the graph.</param>
    /// <param name="perSample">For each layer the rows that are taken of a sample.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="take">
    /// Called for each layer, batch by batch: the layer's place, the group of channels, the rows one after the other and their number.
    /// Not called at the same time for one layer.
    /// </param>
    /// <param name="cancellation">Stops the work.</param>
    public static void Read(Graph graph, IReadOnlyList<LayerMatrix> layers, IReadOnlyList<int> perSample,
        IReadOnlyList<IReadOnlyList<Tensor>> samples, Action<int, int, float[], int> take, CancellationToken cancellation)
    {
        if (layers.Count == 0)
            return;
        string[] values = [.. layers.Select(l => l.Node.Input(0)).Distinct(StringComparer.Ordinal)];
        Graph reduced = new DeadCodeRemoval().Apply(graph with { Outputs = [.. values] });
        var evaluator = new GraphEvaluator(reduced);
        for (int start = 0; start < samples.Count; start += Batch)
        {
            int first = start;
            IReadOnlyList<Tensor>[] batch = [.. samples.Skip(start).Take(Batch)];
            Tensor[][] results = evaluator.EvaluateMany(batch, cancellation: cancellation);
            Parallel.For(0, layers.Count, new ParallelOptions { CancellationToken = cancellation }, l =>
            {
                LayerMatrix layer = layers[l];
                int place = Array.IndexOf(values, layer.Node.Input(0)), count = perSample[l];
                for (int g = 0; g < layer.Groups; g++)
                {
                    var rows = new float[batch.Length * count * layer.Columns];
                    for (int s = 0; s < batch.Length; s++)
                    {
                        float[] x = results[s][place].Values<float>();
                        int[] chosen = Chosen(layer, first + s, count);
                        for (int r = 0; r < count; r++)
                            layer.Read(x, chosen[r], g, rows.AsSpan(((s * count) + r) * layer.Columns, layer.Columns));
                    }
                    take(l, g, rows, batch.Length * count);
                }
            });
        }
    }

    /// <summary>The work of reading rows of a graph on one sample: its multiply-accumulates, and at least one for each element.</summary>
    public static long Work(Graph graph) => graph.Nodes.Sum(n =>
        OperatorRegistry.Of(n).MultiplyAccumulates(OperatorContext.Of(graph, n)) + n.Outputs.Where(o => o.Length > 0).Sum(o =>
            (long)graph.TypeOf(o).Count));

    /// <summary>Samples of a set, evenly spaced.</summary>
    /// <param name="set">The set.</param>
    /// <param name="count">How many, at most.</param>
    public static IReadOnlyList<Tensor>[] Spread(SampleSet set, long count)
    {
        int n = (int)Math.Clamp(count, 1, set.Samples.Count);
        return [.. Enumerable.Range(0, n).Select(i => set.Samples[(int)((long)i * set.Samples.Count / n)])];
    }

    private static int[] Chosen(LayerMatrix layer, int sample, int count)
    {
        if (count >= layer.Rows)
            return [.. Enumerable.Range(0, layer.Rows)];
        var random = new RandomSource(FormattableString.Invariant($"rows of {layer.Node.Name}, sample {sample}"));
        var chosen = new int[count];
        for (int i = 0; i < count; i++)
            chosen[i] = random.NextBelow(layer.Rows);
        return chosen;
    }
}
