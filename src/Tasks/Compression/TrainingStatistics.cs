using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Linear;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression;

/// <summary>
/// What a network remembers of the data that it was trained on: the mean and variance before its batch normalisations (Ioffe and Szegedy,
/// 2015, algorithm 2). Data that give the first of them quite other values were prepared in another way, which makes every range and every
/// accuracy void.
/// </summary>
internal static class TrainingStatistics
{
    /// <summary>How many times as far from the mean, or as near to it, values must be as in training before anything is said. Another
    /// normalisation of images (0 to 255 for 0 to 1) makes a factor of 255, other images of the same kind hardly one of 2.</summary>
    public const double Factor = 8;

    // Some tens of samples settle a factor of 8.
    private const int Samples = 64;
    private const int SamplesAtATime = 8;

    // Fewer values have no spread worth comparing.
    private const int FewestValues = 32;

    /// <summary>Compares data with what the first batch normalisations expect.</summary>
    /// <param name="graph">The model as imported, with its batch normalisations.</param>
    /// <param name="samples">The data.</param>
    /// <param name="cancellation">Stops the evaluation.</param>
    /// <returns>A warning of the batch normalisation that differs most; null where none does, or the model has none.</returns>
    public static Diagnostic? Check(Graph graph, SampleSet samples, CancellationToken cancellation)
    {
        Node[] first = First(graph);
        if (first.Length == 0 || samples.Samples.Count == 0)
            return null;
        Graph beginning = new DeadCodeRemoval().Apply(graph with { Outputs = [.. first.Select(n => n.Inputs[0]).Distinct()] });
        ChannelMoments[] moments = [.. first.Select(n => new ChannelMoments(graph.Constant(n.Inputs[3])!.Count))];
        var evaluator = new GraphEvaluator(beginning);
        foreach (IReadOnlyList<Tensor>[] chunk in samples.Samples.Take(Samples).Chunk(SamplesAtATime))
            foreach (Tensor[] values in evaluator.EvaluateMany(chunk, cancellation: cancellation))
                for (int i = 0; i < first.Length; i++)
                    moments[i].Add(values[beginning.Outputs.IndexOf(first[i].Inputs[0])]);
        return first.Zip(moments, (node, m) => (Node: node, Departure: m.Departure(
                FloatTensor.Values(graph.Constant(node.Inputs[3])!),
                FloatTensor.Values(graph.Constant(node.Inputs[4])!))))
            .Where(d => d.Departure is > Factor or < 1 / Factor)
            .OrderByDescending(d => Math.Max(d.Departure, 1 / d.Departure)).Take(1)
            .Select(d => Diagnostic.Of(DiagnosticCatalog.UnlikeTraining, null, d.Node.Name, d.Departure > 1
                ? FormattableString.Invariant($"{d.Departure:G3} times as far from their mean in training")
                : FormattableString.Invariant($"{1 / d.Departure:G3} times as close together")))
            .FirstOrDefault();
    }

    // Batch normalisations whose values no other one has normalised before. One that was never trained says nothing.
    private static Node[] First(Graph graph)
    {
        var behind = new HashSet<string>(StringComparer.Ordinal);
        var first = new List<Node>();
        foreach (Node node in graph.Nodes)
        {
            bool normalised = node.Inputs.Any(behind.Contains);
            bool isNormalisation = node.Is<BatchNormalizationOperator>() && !BatchNormalizationOperator.IsTraining(node);
            if (isNormalisation && !normalised && !graph.IsConstant(node.Inputs[0]) && IsTrained(graph, node))
                first.Add(node);
            if (isNormalisation || normalised)
                behind.UnionWith(node.Outputs);
        }
        return [.. first];
    }

    private static bool IsTrained(Graph graph, Node node) =>
        graph.Constant(node.Inputs[3]) is { } mean && graph.Constant(node.Inputs[4]) is { } variance
        && (FloatTensor.Values(mean).Any(m => m != 0) || FloatTensor.Values(variance).Any(v => v != 1));

    /// <summary>Sums over the values of each channel.</summary>
    private sealed class ChannelMoments(int channels)
    {
        private readonly double[] _sum = new double[channels];
        private readonly double[] _squares = new double[channels];
        private long _count;

        /// <summary>Adds a tensor [N, C, …].</summary>
        public void Add(Tensor tensor)
        {
            float[] values = FloatTensor.Values(tensor);
            int inner = tensor.Rank < 2 ? tensor.Count : Shapes.Count(tensor.Dimensions.AsSpan()[2..]);
            for (int i = 0; i < values.Length; i++)
            {
                int c = i / inner % channels;
                _sum[c] += values[i];
                _squares[c] += (double)values[i] * values[i];
            }
            _count += values.Length / channels;
        }

        /// <summary>How far values lie from the mean in training, or, where that is near, how wide they spread, as a multiple of the
        /// standard deviation in training: the median over the channels that varied in training.</summary>
        public double Departure(float[] mean, float[] variance)
        {
            int[] alive = [.. Enumerable.Range(0, channels).Where(c => variance[c] > 0 && variance[c] >= 1e-6 * variance.Max())];
            if (alive.Length == 0 || _count == 0)
                return 1;
            double distance = Median(alive.Select(c =>
                Math.Sqrt(Math.Max(_squares[c] - (2 * mean[c] * _sum[c]) + (_count * (double)mean[c] * mean[c]),
                    0) / _count / variance[c])));
            double spread = Median(alive.Select(c =>
                Math.Sqrt(Math.Max(_squares[c] - (_sum[c] * _sum[c] / _count), 0) / _count / variance[c])));
            return distance > Factor || _count < FewestValues ? Math.Max(distance, 1) : Math.Max(spread, 1e-6);
        }

        private static double Median(IEnumerable<double> values)
        {
            double[] sorted = [.. values.Order()];
            return sorted[sorted.Length / 2];
        }
    }
}
