using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.SecondOrder;

/// <summary>
/// For each layer the second moments Σ x·xᵀ of what its weights are multiplied with, over the calibration samples. Twice that is the
/// Hessian of the squared error of the layer's output by the weights of any one output channel (B. Hassibi, D. Stork 1993; E. Frantar, D.
/// Alistarh, "Optimal Brain Compression", arXiv 2208.11580, section 3).
/// </summary>
internal sealed class InputHessians
{
    /// <summary>Layers with longer sums have none: their matrices would take too much memory.</summary>
    public const int LongestSum = 2048;

    // Bounds of memory, and of work for each layer in products.
    private const long MostValues = 64L << 20;
    private const long MostProducts = 3_000_000_000;

    // Samples whose values are kept at a time, and what these may take; those of one are always kept.
    private const int MostSamples = 16;
    private const long MostBytes = 256L << 20;

    // In proportion to the mean of the diagonal (GPTQ, section 3.3).
    private const double Damping = 0.01;

    private readonly Dictionary<string, double[][]> _groups;

    private InputHessians(Dictionary<string, double[][]> groups) => _groups = groups;

    /// <summary>None.</summary>
    public static InputHessians Empty { get; } = new([]);

    /// <summary>Whether there are some for a layer.</summary>
    public bool Has(string node) => _groups.ContainsKey(node);

    /// <summary>
    /// A copy of the matrix of a layer's group, with a hundredth of the mean of its diagonal added to the diagonal; null where there is
    /// none.
    /// </summary>
    public double[]? Damped(string node, int group)
    {
        if (!_groups.TryGetValue(node, out double[][]? groups))
            return null;
        var matrix = (double[])groups[group].Clone();
        int size = (int)Math.Round(Math.Sqrt(matrix.Length));
        double mean = 0;
        for (int i = 0; i < size; i++)
            mean += matrix[(i * size) + i] / size;
        for (int i = 0; i < size; i++)
            matrix[(i * size) + i] += mean > 0 ? Damping * mean : 1;
        return matrix;
    }

    /// <summary>Σ x² for each product of a channel's sum; null where there is none.</summary>
    public double[]? Diagonal(string node, int group)
    {
        if (!_groups.TryGetValue(node, out double[][]? groups))
            return null;
        int size = (int)Math.Round(Math.Sqrt(groups[group].Length));
        return [.. Enumerable.Range(0, size).Select(i => groups[group][(i * size) + i])];
    }

    /// <summary>Takes the moments.</summary>
    /// <param name="evaluator">Runs the graph.</param>
    /// <param name="layers">The layers with what is known of their nodes.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static InputHessians Collect(
        GraphEvaluator evaluator, IReadOnlyList<(OperatorContext Context, DotProductLayer Layer)> layers,
        IReadOnlyList<IReadOnlyList<Tensor>> samples, CancellationToken cancellation)
    {
        long values = 0;
        var chosen = new List<LayerRows>();
        foreach ((OperatorContext context, DotProductLayer layer) in layers)
        {
            long own = (long)layer.Groups * layer.Length * layer.Length;
            if (layer.Length > LongestSum || values + own > MostValues || samples.Count == 0)
                continue;
            values += own;
            long rows = Math.Max(MostProducts / Math.Max(own, 1), 2L * layer.Length);
            chosen.Add(new(context, layer, (int)Math.Clamp(rows / samples.Count, 1, int.MaxValue)));
        }
        var groups = chosen.ToDictionary(
            c => c.Name, c => Enumerable.Range(0, c.Layer.Groups).Select(_ => new double[c.Layer.Length * c.Layer.Length]).ToArray(),
            StringComparer.Ordinal);
        Dictionary<string, long> inputs = chosen.GroupBy(c => c.Input, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.First().InputBytes, StringComparer.Ordinal);
        int atATime = (int)Math.Clamp(MostBytes / Math.Max(inputs.Values.Sum(), 1), 1, MostSamples);
        for (int start = 0; start < samples.Count; start += atATime)
        {
            cancellation.ThrowIfCancellationRequested();
            IReadOnlyList<Tensor>[] some = [.. samples.Skip(start).Take(atATime)];
            var kept = new Dictionary<string, Tensor>[some.Length];
            for (int i = 0; i < kept.Length; i++)
                kept[i] = new(StringComparer.Ordinal);
            evaluator.EvaluateMany(some, (sample, name, value) =>
            {
                if (inputs.ContainsKey(name))
                    kept[sample][name] = value;
            }, cancellation);
            foreach (LayerRows layer in chosen)
                for (int i = 0; i < kept.Length; i++)
                    layer.AddTo(groups[layer.Name], kept[i][layer.Input], start + i);
        }
        foreach (double[] matrix in groups.Values.SelectMany(g => g))
        {
            int size = (int)Math.Round(Math.Sqrt(matrix.Length));
            for (int i = 0; i < size; i++)
                for (int j = 0; j < i; j++)
                    matrix[(j * size) + i] = matrix[(i * size) + j];
        }
        return new(groups);
    }

    // Each element adds up the rows in order, whoever computes it. The lower triangle; zeros behind a rectifier cost nothing.
    private static void Add(double[] matrix, int length, double[] rows, int from, int to)
    {
        for (int r = 0; r < rows.Length; r += length)
            for (int i = from; i < to; i++)
                if (rows[r + i] is not 0 and double x)
                    SymmetricMatrix.AddMultiple(matrix.AsSpan(i * length, i + 1), x, rows.AsSpan(r, i + 1));
    }

    /// <summary>The rows of a layer's inputs: what one output element is the sum over.</summary>
    private sealed class LayerRows(OperatorContext context, DotProductLayer layer, int most)
    {
        // Rows of a matrix that one worker adds to.
        private const int Block = 16;

        // Taps that are found once for all samples instead of for each.
        private const long MostTaps = 1 << 20;

        private readonly WindowGeometry? _window = layer.IsMatrix ? null : WindowGeometry.OfConvolution(context);
        private readonly Dictionary<int, WindowTap[][]> _taps = [];

        public DotProductLayer Layer => layer;

        public string Name => context.Node.Name;

        public string Input => context.Node.Inputs[0];

        public long InputBytes => (long)context.Type(0).Count * sizeof(float);

        /// <summary>Adds evenly spaced rows of a sample, other ones of the next sample, to the matrices of the layer's groups.</summary>
        public void AddTo(double[][] matrices, Tensor input, int sample)
        {
            float[] values = input.Values<float>();
            int length = layer.Length, all = _window is { } w ? w.Batch * w.OutputPixels : values.Length / length;
            int step = (int)(((long)all + most - 1) / most), first = sample % Math.Max(step, 1);
            int count = first >= all ? 0 : (all - first + step - 1) / step;
            WindowTap[][] taps = _window is { } window ? TapsOf(window, first, step, count) : [];
            // Short sums, as depthwise layers have them, are divided by groups, long ones within a group.
            if (length <= Block)
                Parallel.For(0, layer.Groups, g => Add(matrices[g], length, Of(values, first, step, count, taps, g), 0, length));
            else
                for (int g = 0; g < layer.Groups; g++)
                {
                    double[] matrix = matrices[g], rows = Of(values, first, step, count, taps, g);
                    Parallel.For(0, (length + Block - 1) / Block, block =>
                        Add(matrix, length, rows, block * Block, Math.Min((block + 1) * Block, length)));
                }
        }

        private double[] Of(float[] values, int first, int step, int count, WindowTap[][] taps, int group)
        {
            int length = layer.Length;
            var rows = new double[count * length];
            for (int r = 0; r < count; r++)
            {
                int at = first + (r * step);
                Span<double> row = rows.AsSpan(r * length, length);
                if (_window is { } window)
                    Gather(values, window, taps[r], at / window.OutputPixels, group, row);
                else
                    for (int k = 0; k < length; k++)
                        row[k] = values[(at * length) + k];
                foreach (ref double x in row)
                    if (!double.IsFinite(x))
                        x = 0;
            }
            return rows;
        }

        // What each row's window covers: the same for all groups, and for all samples that begin at the same row.
        private WindowTap[][] TapsOf(WindowGeometry window, int first, int step, int count)
        {
            if (_taps.TryGetValue(first, out WindowTap[][]? known))
                return known;
            var taps = new WindowTaps(window);
            var found = new WindowTap[count][];
            for (int r = 0; r < count; r++)
                found[r] = [.. taps.Of((first + (r * step)) % window.OutputPixels)];
            if ((long)window.Batch * window.OutputPixels * window.Taps <= MostTaps)
                _taps[first] = found;
            return found;
        }

        // Channel, then tap, as weights are. What lies outside of the map is zero.
        private void Gather(float[] values, WindowGeometry window, WindowTap[] taps, int image, int group, Span<double> row)
        {
            int area = window.Taps, pixels = window.InputPixels, all = window.Channels, channels = all / layer.Groups;
            int step = window.ChannelsLast ? 1 : pixels;
            foreach (WindowTap tap in taps)
            {
                int index = window.Index(all, pixels, image, group * channels, tap.Pixel);
                for (int i = 0; i < channels; i++)
                    row[(i * area) + tap.Tap] = values[index + (i * step)];
            }
        }
    }
}
