using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// What a graph without some channels must give: the results of the whole one where the weights that read those channels are zero. The two
/// share which places belong to a channel, but a wrong place shows, since zeros and gaps then lie at different ones.
/// </summary>
internal static class ChannelOracle
{
    /// <summary>Compares on samples.</summary>
    public static void AssertSame(
        ChannelAnalysis analysis, HashSet<int> removed, IEnumerable<IReadOnlyList<Tensor>> samples, double tolerance = 1e-4)
    {
        var zeros = new Dictionary<(string, int), Tensor>();
        foreach (ChannelSite site in analysis.Groups.SelectMany(g => g.Sites))
        {
            Node node = analysis.ContextOf(site.Node).Node;
            if (site.Role != ChannelRole.Reads)
                continue;
            Tensor weights = zeros.GetValueOrDefault((site.Node, site.Input)) ?? analysis.Graph.Constants[node.Inputs[site.Input]];
            zeros[(site.Node, site.Input)] = Without(weights, site, removed);
        }
        Graph whole = ChannelRemoval.Without(analysis, new HashSet<int>(), zeros);
        Graph smaller = ChannelRemoval.Without(analysis, removed);
        Assert.True(smaller.Constants.Values.Sum(c => (long)c.Count) < whole.Constants.Values.Sum(c => (long)c.Count));
        Assert.Equal(whole.Outputs.Select(whole.TypeOf), smaller.Outputs.Select(smaller.TypeOf));
        var (expected, actual) = (new GraphEvaluator(whole), new GraphEvaluator(smaller));
        foreach (IReadOnlyList<Tensor> sample in samples)
        {
            Tensor[] a = expected.Evaluate(sample), b = actual.Evaluate(sample);
            for (int o = 0; o < a.Length; o++)
            {
                if (a[o].Element != ElementType.Float32)
                    continue;
                float[] x = a[o].Values<float>(), y = b[o].Values<float>();
                double scale = Math.Max(1e-3, x.Select(Math.Abs).DefaultIfEmpty().Max());
                for (int i = 0; i < x.Length; i++)
                    Assert.True(Math.Abs(x[i] - y[i]) <= tolerance * scale, $"output {o}, element {i}: {y[i]} instead of {x[i]}");
            }
        }
    }

    private static Tensor Without(Tensor weights, ChannelSite site, HashSet<int> removed)
    {
        float[] values = [.. weights.Values<float>()];
        int inner = Shapes.Count(weights.Dimensions.AsSpan()[(site.Axis + 1)..]), count = weights.Dimensions[site.Axis];
        for (int i = 0; i < values.Length; i++)
            if (removed.Contains(site.Channels[i / inner % count]))
                values[i] = 0;
        return new(weights.Type, values);
    }
}
