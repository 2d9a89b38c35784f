using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Weight sharing on float32 layers (S. Han, H. Mao, W. Dally, "Deep Compression", arXiv 1510.00149, section 3): the weights of a layer
/// become the means of their clusters. Weights that are zero stay so, as one of the values. Remembers what it made of a tensor, as plans
/// are measured with it again and again.
/// </summary>
/// <param name="clustersOf">How many different values the weights of a node may have; 0: they stay as they are.</param>
internal sealed class SharedFloats(Func<Node, int> clustersOf)
{
    private readonly Dictionary<(Tensor Weights, int Clusters), Tensor> _shared = [];

    /// <summary>Shares the weights of all layers that run in float32.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="quantization">Which nodes run in integers: the weights of dot products among them are shared already.</param>
    /// <param name="notes">Hears what was done; null for nobody.</param>
    public Graph Apply(Graph graph, GraphQuantization quantization, List<string>? notes = null)
    {
        if (graph.Nodes.All(n => clustersOf(n) == 0))
            return graph;
        (string Name, int Clusters)[] weights = [.. graph.Nodes
            .Where(n => !quantization.Nodes[n.Name].Integer && !SignLayers.Multiplies(graph, n))
            .SelectMany(WeightsOf)
            .Where(name => graph.Constant(name) is { Element: ElementType.Float32 }
                && GraphIndex.Of(graph).Readers(name).All(r => !quantization.Nodes[r.Name].Integer && WeightsOf(r).Contains(name)))
            .Distinct(StringComparer.Ordinal)
            // Weights that several nodes read have as many values as the one that asks for most.
            .Select(name => (name, GraphIndex.Of(graph).Readers(name).Select(clustersOf).ToArray() is var asked
                && asked.Contains(0) ? 0 : asked.Max()))
            .Where(w => w.Item2 > 0)];
        foreach (IGrouping<int, (string, int Clusters)> group in weights.GroupBy(w => w.Clusters).OrderBy(g => g.Key))
            notes?.Add($"{group.Count()} float32 weights with at most {group.Key} different values each");
        string[] states = [.. graph.Nodes.Where(n => n.Is<RecurrentOperator>() && quantization.Nodes[n.Name].Integer
                && clustersOf(n) > 0)
            .Select(n => $"'{n.Name}'")];
        if (states.Length > 0)
            notes?.Add($"integer weights of states are not shared: {string.Join(", ", states)}");
        if (weights.Length == 0)
            return graph;
        var editor = new GraphEditor(graph);
        foreach ((string name, int clusters) in weights)
        {
            Tensor original = graph.Constants[name];
            if (!_shared.TryGetValue((original, clusters), out Tensor? shared))
                _shared[(original, clusters)] = shared = Shared(original, clusters);
            editor.SetConstant(name, shared);
        }
        return editor.ToGraph();
    }

    /// <summary>A tensor with few different values.</summary>
    /// <param name="weights">The float32 weights.</param>
    /// <param name="clusters">How many different values there may be; at least 2.</param>
    public static Tensor Shared(Tensor weights, int clusters)
    {
        float[] values = weights.Values<float>();
        if (values.Any(v => !float.IsFinite(v)))
            return weights;
        (double, double)[] points = [.. values.Where(v => v != 0).Select(v => ((double)v, 1.0))];
        ImmutableArray<double> means = values.Contains(0)
            ? [.. KMeans.MeansBesideZero(points, clusters - 1).Append(0).Order()]
            : KMeans.Means(points, clusters);
        return points.Length == 0 ? weights
            : new(weights.Type, Array.ConvertAll(values, v => v == 0 ? 0f : (float)means[KMeans.Nearest(means, v)]));
    }

    // The second input of either.
    private static IEnumerable<string> WeightsOf(Node node) =>
        node.Is<IDotProduct>() || node.Is<RecurrentOperator>() ? node.Inputs.Skip(1).Take(1) : [];
}
