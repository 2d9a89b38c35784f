using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Recurrent;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Weight sharing on float32 layers (S. Han, H. Mao, W. Dally, "Deep Compression", arXiv 1510.00149, section 3): the weights of a layer
/// become the means of their clusters. Weights that are zero stay so, as one of the values.
/// </summary>
internal static class SharedFloats
{
    /// <summary>Shares the weights of all layers that run in float32.</summary>
    /// <param name="graph">The graph.</param>
    /// <param name="quantization">Which nodes run in integers: their weights are shared already.</param>
    /// <param name="clusters">How many different values a layer may have.</param>
    /// <param name="notes">Hears what was done.</param>
    public static Graph Apply(Graph graph, GraphQuantization quantization, int clusters, List<string> notes)
    {
        string[] weights = [.. graph.Nodes
            .Where(n => !quantization.Nodes[n.Name].Integer)
            .SelectMany(WeightsOf)
            .Where(name => graph.Constant(name) is { Element: ElementType.Float32 }
                && GraphIndex.Of(graph).Readers(name).All(r => !quantization.Nodes[r.Name].Integer && WeightsOf(r).Contains(name)))
            .Distinct(StringComparer.Ordinal)];
        if (weights.Length == 0)
            return graph;
        var editor = new GraphEditor(graph);
        foreach (string name in weights)
            editor.SetConstant(name, Shared(graph.Constants[name], clusters));
        notes.Add($"{weights.Length} float32 weights with at most {clusters} different values each");
        return editor.ToGraph();
    }

    /// <summary>A tensor with few different values.</summary>
    public static Tensor Shared(Tensor weights, int clusters)
    {
        float[] values = weights.Values<float>();
        if (values.Any(v => !float.IsFinite(v)))
            return weights;
        int left = values.Contains(0) ? clusters - 1 : clusters;
        ImmutableArray<double> means = KMeans.Means(values.Where(v => v != 0).Select(v => ((double)v, 1.0)), left);
        return means.IsEmpty ? weights
            : new(weights.Type, Array.ConvertAll(values, v => v == 0 ? 0f : (float)means[KMeans.Nearest(means, v)]));
    }

    private static IEnumerable<string> WeightsOf(Node node) =>
        node.Is<IDotProduct>() ? node.Inputs.Skip(1).Take(1) : node.Is<RecurrentOperator>() ? node.Inputs.Skip(1).Take(2) : [];
}
