using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Folding;

/// <summary>
/// Gives the sums of layers the mean and the standard deviation that they had before channels were merged, channel by channel: averages of
/// channels vary less than each of them, and the more so the more layers follow (K. Jordan et al. 2022, REPAIR, arXiv 2211.08403, section
/// 3). The factors and offsets go into weights and biases. One layer after the other, since each changes what the next ones read.
/// </summary>
/// <param name="original">The model before.</param>
/// <param name="origins">For the name of a layer the channels that each of its outputs stands for; null where there is one for each.
/// </param>
/// <param name="context">The build's context.</param>
internal sealed class StatisticsRepair(Graph original, Func<string, int[][]?> origins, CompressionContext context)
{
    private const long Budget = 1L << 36;

    // A channel that hardly varies any more says nothing about what to multiply it with.
    private const double MostFactor = 16;

    /// <summary>Repairs a model.</summary>
    /// <param name="merged">The model, whose nodes have the names that they had.</param>
    /// <param name="step">The name of the step, for progress.</param>
    /// <returns>The model, the number of layers that were repaired and of samples that were used.</returns>
    public (Graph Graph, int Layers, int Samples) Run(Graph merged, string step)
    {
        Dictionary<string, Node> before = original.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        LayerMatrix[] layers = [.. ChangedLayers.Of(original, merged, own: true).Select(n => LayerMatrix.Of(original, before[n])!)];
        if (layers.Length == 0)
            return (merged, 0, 0);
        long work = LayerRows.Work(original) + (LayerRows.Work(merged) * (layers.Length + 1) / 2);
        IReadOnlyList<Tensor>[] samples = LayerRows.Spread(context.Calibration, Math.Max(Budget / Math.Max(work, 1), 8));
        int count = samples.Length;
        int[] perSample = [.. layers.Select(l => LayerRows.PerSample(l, count))];
        (double Mean, double Deviation)[][] targets = Statistics(original, layers, perSample, samples);
        Graph graph = merged;
        for (int l = 0; l < layers.Length; l++)
        {
            context.Cancellation.ThrowIfCancellationRequested();
            context.Progress.Report(step, (double)l / layers.Length, layers[l].Node.Name);
            LayerMatrix layer = LayerMatrix.Of(graph, graph.Nodes.Single(n => n.Name == layers[l].Node.Name))!;
            if (!layer.TakesBias)
                continue;
            (double Mean, double Deviation)[] now = Statistics(graph, [layer], [perSample[l]], samples)[0];
            int[][]? from = origins(layer.Node.Name);
            graph = Corrected(graph, layer, now, [.. now.Select((_, o) => (
                Average(from?[o] ?? [o], c => targets[l][c].Mean), Average(from?[o] ?? [o], c => targets[l][c].Deviation)))]);
        }
        return (graph, layers.Length, count);
    }

    private static double Average(int[] channels, Func<int, double> value)
    {
        double sum = 0;
        foreach (int channel in channels)
            sum += value(channel);
        return sum / channels.Length;
    }

    private static Graph Corrected(
        Graph graph, LayerMatrix layer, (double Mean, double Deviation)[] now, (double Mean, double Deviation)[] target)
    {
        float[][] weights = [.. Enumerable.Range(0, layer.Groups).Select(layer.Weights)];
        var bias = new float[now.Length];
        for (int o = 0; o < bias.Length; o++)
        {
            double factor = now[o].Deviation > 0 && target[o].Deviation > 0
                ? Math.Clamp(target[o].Deviation / now[o].Deviation, 1 / MostFactor, MostFactor) : 1;
            Span<float> row = weights[o / layer.Outputs].AsSpan(o % layer.Outputs * layer.Columns, layer.Columns);
            for (int k = 0; k < row.Length; k++)
                row[k] = (float)(row[k] * factor);
            bias[o] = (float)((((layer.Bias?[o] ?? 0) - now[o].Mean) * factor) + target[o].Mean);
        }
        var editor = new GraphEditor(graph);
        layer.Replace(editor, weights, bias);
        return editor.ToGraph();
    }

    // Mean and standard deviation of each output of layers, before any activation.
    private (double Mean, double Deviation)[][] Statistics(
        Graph graph, LayerMatrix[] layers, int[] perSample, IReadOnlyList<Tensor>[] samples)
    {
        double[][] sums = [.. layers.Select(l => new double[l.Groups * l.Outputs])];
        double[][] squares = [.. layers.Select(l => new double[l.Groups * l.Outputs])];
        LayerRows.Read(graph, layers, perSample, samples, (l, g, rows, count) =>
        {
            LayerMatrix layer = layers[l];
            var y = new float[count * layer.Outputs];
            MatrixProduct.Accumulate(count, layer.Outputs, layer.Columns, rows, layer.Columns, 1, layer.Weights(g), 1, layer.Columns, y,
                layer.Outputs);
            for (int i = 0; i < y.Length; i++)
            {
                int o = (g * layer.Outputs) + (i % layer.Outputs);
                sums[l][o] += y[i];
                squares[l][o] += (double)y[i] * y[i];
            }
        }, context.Cancellation);
        return
        [
            .. layers.Select((layer, l) => sums[l].Select((sum, o) =>
            {
                double count = (double)samples.Length * perSample[l], mean = sum / count;
                return (mean + (layer.Bias?[o] ?? 0), Math.Sqrt(Math.Max((squares[l][o] / count) - (mean * mean), 0)));
            }).ToArray()),
        ];
    }
}
