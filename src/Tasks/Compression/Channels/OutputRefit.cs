using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// Fits the layers of a model that has lost channels to what they gave before: one layer after the other, from the inputs towards the
/// outputs, by least squares on calibration samples, between the inputs that the smaller model now gives the layer and the results that
/// the layer had in the whole model (Y. He et al. 2017, arXiv 1707.06168, sections 3.1 and 3.2: reconstruction for a whole model, which
/// takes up the error of the layers before; J. Luo et al. 2017, ThiNet, arXiv 1707.06342, section 3.2.3: minimising it). The weights are
/// drawn to those that the layer has (ridge), so that few samples do no harm.
/// </summary>
internal sealed class OutputRefit
{
    // In proportion to the mean variance of a column. Directions in which the samples hardly vary keep their weights.
    private const double Ridge = 1e-3;

    // Larger systems are left alone: their cost grows with the third power.
    private const int MostColumns = 2048;

    private const long Budget = 1L << 36;

    private readonly Graph _original;
    private readonly Func<string, int[][]?> _origins;
    private readonly CompressionContext _context;

    /// <summary>A refit to what a model gave.</summary>
    /// <param name="original">The model.</param>
    /// <param name="origins">
    /// For the name of a layer the output channels of the whole model that each output of the smaller one stands for: their mean is what
    /// it is fitted to. Null where there is one for each.
    /// </param>
    /// <param name="context">The build's context.</param>
    public OutputRefit(Graph original, Func<string, int[][]?> origins, CompressionContext context)
    {
        _original = original;
        _origins = origins;
        _context = context;
    }

    /// <summary>Fits the layers of a smaller model.</summary>
    /// <param name="smaller">The model, whose nodes have the names that they had.</param>
    /// <param name="step">The name of the step, for progress.</param>
    /// <returns>The model, the number of layers that were fitted and of samples that were used.</returns>
    public (Graph Graph, int Layers, int Samples) Run(Graph smaller, string step)
    {
        Dictionary<string, Node> before = _original.Nodes.ToDictionary(n => n.Name, StringComparer.Ordinal);
        LayerMatrix[] layers =
        [
            .. ChangedLayers.Of(_original, smaller, own: false).Select(n => LayerMatrix.Of(_original, before[n])!)
                .Where(l => l.Columns <= MostColumns),
        ];
        if (layers.Length == 0)
            return (smaller, 0, 0);
        long work = LayerRows.Work(_original) + (LayerRows.Work(smaller) * (layers.Length + 1) / 2);
        IReadOnlyList<Tensor>[] samples = LayerRows.Spread(_context.Calibration, Math.Max(Budget / Math.Max(work, 1), 8));
        int count = samples.Length;
        int[] perSample = [.. layers.Select(l => LayerRows.PerSample(l, count))];
        float[][] targets = Targets(layers, perSample, samples);
        Graph graph = smaller;
        int fitted = 0;
        for (int l = 0; l < layers.Length; l++)
        {
            _context.Cancellation.ThrowIfCancellationRequested();
            _context.Progress.Report(step, (double)l / layers.Length, layers[l].Node.Name);
            LayerMatrix layer = LayerMatrix.Of(graph, graph.Nodes.Single(n => n.Name == layers[l].Node.Name))!;
            if (Fit(graph, layer, perSample[l], samples, targets[l]) is not { } better)
                continue;
            graph = better;
            fitted++;
        }
        return (graph, fitted, count);
    }

    // What the layers gave on the chosen rows, for the outputs that are left: rows of all groups' outputs.
    private float[][] Targets(LayerMatrix[] layers, int[] perSample, IReadOnlyList<Tensor>[] samples)
    {
        int[][]?[] origins = [.. layers.Select(l => _origins(l.Node.Name))];
        int[] outputs = [.. layers.Select((l, i) => origins[i]?.Length ?? (l.Groups * l.Outputs))];
        var targets = new float[layers.Length][];
        var filled = new int[layers.Length];
        var whole = new float[layers.Length][];
        for (int l = 0; l < layers.Length; l++)
            targets[l] = new float[samples.Length * perSample[l] * outputs[l]];
        LayerRows.Read(_original, layers, perSample, samples, (l, g, rows, count) =>
        {
            LayerMatrix layer = layers[l];
            int wide = layer.Groups * layer.Outputs;
            float[] y = whole[l] = g == 0 ? new float[count * wide] : whole[l];
            for (int r = 0; r < count; r++)
                for (int o = 0; o < layer.Outputs; o++)
                    y[(r * wide) + (g * layer.Outputs) + o] = layer.Bias?[(g * layer.Outputs) + o] ?? 0;
            MatrixProduct.Accumulate(count, layer.Outputs, layer.Columns, rows, layer.Columns, 1,
                layer.Weights(g), 1, layer.Columns, y.AsSpan(g * layer.Outputs), wide);
            if (g + 1 < layer.Groups)
                return;
            Span<float> to = targets[l].AsSpan(filled[l] * outputs[l], count * outputs[l]);
            for (int r = 0; r < count; r++)
                for (int o = 0; o < outputs[l]; o++)
                    to[(r * outputs[l]) + o] = origins[l] is { } from ? Mean(y, r * wide, from[o]) : y[(r * wide) + o];
            filled[l] += count;
        }, _context.Cancellation);
        return targets;
    }

    private static float Mean(float[] y, int start, int[] places)
    {
        double sum = 0;
        foreach (int place in places)
            sum += y[start + place];
        return (float)(sum / places.Length);
    }

    private Graph? Fit(Graph graph, LayerMatrix layer, int perSample, IReadOnlyList<Tensor>[] samples, float[] targets)
    {
        int wide = layer.Groups * layer.Outputs;
        LayerMoments[] moments = [.. Enumerable.Range(0, layer.Groups).Select(_ => new LayerMoments(layer.Columns, layer.Outputs))];
        var done = new int[layer.Groups];
        LayerRows.Read(graph, [layer], [perSample], samples, (_, g, rows, count) =>
        {
            var y = new float[count * layer.Outputs];
            for (int r = 0; r < count; r++)
                targets.AsSpan(((done[g] + r) * wide) + (g * layer.Outputs), layer.Outputs).CopyTo(y.AsSpan(r * layer.Outputs));
            done[g] += count;
            moments[g].Add(rows, count, y);
        }, _context.Cancellation);
        var weights = new float[layer.Groups][];
        float[]? bias = layer.TakesBias ? new float[wide] : null;
        for (int g = 0; g < layer.Groups; g++)
        {
            if (Solve(layer, g, moments[g]) is not { } solved)
                return null;
            weights[g] = solved;
            if (bias is null)
                continue;
            (double[] mean, double[] target) = (moments[g].Mean, moments[g].ResultMean);
            for (int o = 0; o < layer.Outputs; o++)
            {
                double sum = target[o];
                for (int k = 0; k < layer.Columns; k++)
                    sum -= solved[(o * layer.Columns) + k] * mean[k];
                bias[(g * layer.Outputs) + o] = (float)sum;
            }
        }
        var editor = new GraphEditor(graph);
        layer.Replace(editor, weights, bias);
        return editor.ToGraph();
    }

    // W = W₀ + (C − W₀·S)·(S + λ·1)⁻¹, where S are the products of the columns and C those of results and columns.
    private static float[]? Solve(LayerMatrix layer, int group, LayerMoments moments)
    {
        int n = layer.Columns;
        double[] second = moments.Second(layer.TakesBias), cross = moments.Cross(layer.TakesBias);
        double trace = 0;
        for (int i = 0; i < n; i++)
            trace += second[(i * n) + i];
        if (!(trace > 0))
            return null;
        var system = (double[])second.Clone();
        for (int i = 0; i < n; i++)
            system[(i * n) + i] += Ridge * trace / n;
        if (Cholesky.Of(system, n) is not { } factor)
            return null;
        float[] weights = layer.Weights(group);
        var result = new float[weights.Length];
        Parallel.For(0, layer.Outputs, o =>
        {
            Span<double> right = cross.AsSpan(o * n, n);
            for (int k = 0; k < n; k++)
            {
                double w = weights[(o * n) + k];
                for (int j = 0; w != 0 && j < n; j++)
                    right[j] -= w * second[(k * n) + j];
            }
            factor.Solve(right);
            for (int j = 0; j < n; j++)
                result[(o * n) + j] = (float)(weights[(o * n) + j] + right[j]);
        });
        return result.All(float.IsFinite) ? result : null;
    }
}
