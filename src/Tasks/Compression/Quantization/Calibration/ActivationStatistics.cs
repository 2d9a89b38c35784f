using System.Numerics.Tensors;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Operators;
using Tensor = OptimizerBuild.Graphs.Tensor;

namespace OptimizerBuild.Compression.Quantization.Calibration;

/// <summary>
/// What the calibration data shows of the values of a float graph: for each a histogram between its exact least and greatest value
/// (two runs over the data), and mean and variance of each channel where a dot product reads it.
/// </summary>
/// <remarks>Samples are evaluated in parallel. Integer counts add up alike in any order; floating-point sums are kept for each
/// block of samples and added in the blocks' order, so that the outcome is the same on every machine.</remarks>
internal sealed class ActivationStatistics
{
    // Of larger tensors a regular selection of this many values goes into the histogram; the extremes are always exact.
    private const int HistogramValues = 1 << 16;

    private const int SamplesInBlock = 16;

    private const int ExtremesOfAnInput = 4;

    private readonly Dictionary<string, Histogram> _histograms;
    private readonly Dictionary<string, ChannelMoments> _moments;

    private ActivationStatistics(Dictionary<string, Histogram> histograms, Dictionary<string, ChannelMoments> moments, int[] extremeSamples)
    {
        _histograms = histograms;
        _moments = moments;
        ExtremeSamples = extremeSamples;
    }

    /// <summary>
    /// Indices of the samples in which the inputs of dot products reach farthest, the farthest first for each dot product in turn.
    /// Clipping hurts them most; a choice of samples without them would not show it.
    /// </summary>
    public IReadOnlyList<int> ExtremeSamples { get; }

    /// <summary>The distribution of a value.</summary>
    public Histogram Histogram(string value) => _histograms[value];

    /// <summary>Mean and variance of the channels of a value that a dot product reads.</summary>
    public ChannelMoments Moments(string value, DotProductLayer layer) => _moments[MomentsKey(value, layer)];

    /// <summary>The distribution of several values together.</summary>
    public Histogram Merged(IReadOnlyList<string> values)
    {
        if (values.Count == 1)
            return _histograms[values[0]];
        var merged = new Histogram(values.Min(v => _histograms[v].Low), values.Max(v => _histograms[v].High));
        foreach (string value in values)
            merged.Add(_histograms[value]);
        return merged;
    }

    /// <summary>Takes the statistics.</summary>
    /// <param name="evaluator">Runs the graph.</param>
    /// <param name="values">Names of the values wanted: float32, not constant.</param>
    /// <param name="layers">The dot products, with the name of the value each reads.</param>
    /// <param name="samples">The samples.</param>
    /// <param name="progress">Hears which share of the work is done.</param>
    /// <param name="cancellation">Stops the work.</param>
    public static ActivationStatistics Collect(
        GraphEvaluator evaluator,
        IReadOnlySet<string> values,
        IReadOnlyList<(string Input, DotProductLayer Layer)> layers,
        IReadOnlyList<IReadOnlyList<Tensor>> samples,
        Action<double> progress,
        CancellationToken cancellation)
    {
        int done = 0;
        ParallelOptions workers = EvaluationWorkers.Of(evaluator.LiveBytes, cancellation);
        ILookup<string, DotProductLayer> readers = layers
            .DistinctBy(l => MomentsKey(l.Input, l.Layer), StringComparer.Ordinal)
            .ToLookup(l => l.Input, l => l.Layer, StringComparer.Ordinal);
        string[] inputs = [.. layers.Select(l => l.Input).Distinct(StringComparer.Ordinal)];
        var extents = new float[inputs.Length][];
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (int i = 0; i < inputs.Length; i++)
        {
            extents[i] = new float[samples.Count];
            places[inputs[i]] = i;
        }
        Block[] blocks = InBlocks(samples.Count, workers, (block, sample) =>
        {
            evaluator.Evaluate(samples[sample], (name, tensor) =>
            {
                if (!values.Contains(name))
                    return;
                float extent = block.AddRange(name, tensor.Values<float>());
                if (places.TryGetValue(name, out int input))
                    extents[input][sample] = extent;
                foreach (DotProductLayer layer in readers[name])
                    block.AddMoments(name, layer, tensor);
            }, cancellation);
            Advance();
        });

        var ranges = new Dictionary<string, (float Low, float High)>(StringComparer.Ordinal);
        var moments = new Dictionary<string, ChannelMoments>(StringComparer.Ordinal);
        foreach (Block block in blocks)
        {
            foreach ((string name, (float Low, float High) range) in block.Ranges)
                ranges[name] = ranges.TryGetValue(name, out (float Low, float High) r)
                    ? (Math.Min(r.Low, range.Low), Math.Max(r.High, range.High)) : range;
            foreach ((string key, ChannelMoments part) in block.Moments)
                if (moments.TryGetValue(key, out ChannelMoments? sum))
                    sum.Add(part);
                else
                    moments[key] = part;
        }

        // One histogram for each value, whatever the number of threads: counts add up alike in any order. A value that was never finite
        // has nothing to tell; the empty range makes it a degenerate tensor.
        var histograms = values.ToDictionary(name => name, name =>
            ranges.TryGetValue(name, out (float Low, float High) r) && r.Low <= r.High ? new Histogram(r.Low, r.High) : new Histogram(0, 0),
            StringComparer.Ordinal);
        Parallel.For(0, samples.Count, workers, i =>
        {
            evaluator.Evaluate(samples[i], (name, tensor) =>
            {
                if (!ranges.TryGetValue(name, out (float Low, float High) r) || r.Low > r.High)
                    return;
                Histogram all = histograms[name], own = tensor.Count > all.Counts.Length ? new Histogram(r.Low, r.High) : all;
                if (own != all)
                    own.Add(tensor.Values<float>(), Step(tensor.Count));
                lock (all)
                {
                    if (own != all)
                        all.Add(own);
                    else
                        all.Add(tensor.Values<float>(), Step(tensor.Count));
                }
            }, cancellation);
            Advance();
        });
        return new(histograms, moments, Extreme(extents, samples.Count));

        void Advance() => progress(Interlocked.Increment(ref done) / (2.0 * samples.Count));
    }

    private static int[] Extreme(float[][] extents, int samples)
    {
        int[][] orders = [.. extents.Select(e =>
            Enumerable.Range(0, samples).OrderByDescending(i => e[i]).Take(ExtremesOfAnInput).ToArray())];
        return [.. Enumerable.Range(0, ExtremesOfAnInput).SelectMany(rank =>
            orders.Where(o => rank < o.Length).Select(o => o[rank])).Distinct()];
    }

    private static Block[] InBlocks(int samples, ParallelOptions workers, Action<Block, int> run)
    {
        var blocks = new Block[(samples + SamplesInBlock - 1) / SamplesInBlock];
        Parallel.For(0, blocks.Length, workers, b =>
        {
            var block = new Block();
            for (int i = b * SamplesInBlock; i < Math.Min((b + 1) * SamplesInBlock, samples); i++)
                run(block, i);
            blocks[b] = block;
        });
        return blocks;
    }

    // A step without a common divisor with the number of values, so that the selection meets every channel.
    private static int Step(int count)
    {
        int step = Math.Max(1, count / HistogramValues);
        while (step > 1 && System.Numerics.BigInteger.GreatestCommonDivisor(step, count) != 1)
            step++;
        return step;
    }

    private static string MomentsKey(string value, DotProductLayer layer) => $"{layer.InputAxis}|{value}";

    /// <summary>What one block of consecutive samples shows.</summary>
    private sealed class Block
    {
        public Dictionary<string, (float Low, float High)> Ranges { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, ChannelMoments> Moments { get; } = new(StringComparer.Ordinal);

        // Returns the greatest finite magnitude.
        public float AddRange(string name, float[] values)
        {
            float low = values.Length == 0 ? 0 : TensorPrimitives.Min(values);
            float high = values.Length == 0 ? 0 : TensorPrimitives.Max(values);
            if (!float.IsFinite(low) || !float.IsFinite(high))
            {
                (low, high) = (float.PositiveInfinity, float.NegativeInfinity);
                foreach (float v in values)
                    if (float.IsFinite(v))
                        (low, high) = (Math.Min(low, v), Math.Max(high, v));
                if (low > high)
                    return 0;
            }
            Ranges[name] = Ranges.TryGetValue(name, out (float Low, float High) r) ? (Math.Min(r.Low, low), Math.Max(r.High, high))
                : (low, high);
            return Math.Max(-low, high);
        }

        public void AddMoments(string name, DotProductLayer layer, Tensor tensor)
        {
            string key = MomentsKey(name, layer);
            if (!Moments.TryGetValue(key, out ChannelMoments? moments))
                Moments[key] = moments = new(layer.InputChannels);
            moments.Add(tensor, layer.InputAxis < 0 ? tensor.Rank + layer.InputAxis : layer.InputAxis);
        }
    }
}
