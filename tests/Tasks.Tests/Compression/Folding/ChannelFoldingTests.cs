using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Folding;

/// <summary>Merging channels: exact where channels are equal, and what repairs bring where they are only alike.</summary>
public sealed class ChannelFoldingTests
{
    [Theory]
    [InlineData("Approximate")]
    [InlineData("Statistics")]
    [InlineData("Fit")]
    public void EqualChannelsFoldWithoutLoss(string repair)
    {
        Graph graph = Twins(0);
        (Graph folded, List<string> notes) = Fold(graph, 0.45, Enum.Parse<FoldRepair>(repair));
        Assert.Contains(notes, n => n.StartsWith("'a/node' and 1 more: 16 channels merged into 8", StringComparison.Ordinal));
        foreach (IReadOnlyList<Tensor> sample in FloatGraph.Samples(graph, 4, seed: 9).Samples)
            RandomTensors.AssertClose(new GraphEvaluator(graph).Evaluate(sample)[0], new GraphEvaluator(folded).Evaluate(sample)[0], 1e-3f,
                "y");
    }

    [Fact]
    public void ChannelsThatAreScaledDifferentlyBehindAreNotEqual()
    {
        // Four filters each four times, of which two are turned round behind: eight kinds of channels.
        var g = new FloatGraph();
        var random = new Random(3);
        float[][] filters = [.. Enumerable.Range(0, 4).Select(_ => Enumerable.Range(0, 36).Select(_ => (float)random.NextDouble() - 0.5f)
            .ToArray())];
        string x = g.Input("x", 1, 8, 8, 4);
        string a = g.Add("a", "Conv", [x, g.Constant("aw", Tensor.Of([.. Enumerable.Range(0, 16).SelectMany(c => filters[c / 4])],
            16, 4, 3, 3))], n => n.With("channels_last", 1).With("pads", 1, 1, 1, 1));
        float[] signs = [.. Enumerable.Range(0, 16).Select(c => c % 2 == 0 ? 1f : -1)];
        string relu = g.Add("r", "Relu", [g.Add("s", "Mul", [a, g.Constant("signs", Tensor.Of(signs, 16))])]);
        AssertFoldsExactly(g.Build(g.Conv("y", relu, 16, 6, 1)), 0.45, 8);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void ConstantsThatReadChannelsAreAddedUpWhereverTheyStand(bool left)
    {
        var g = new FloatGraph();
        string x = g.Input("x", 2, 12);
        float[] weights = new float[16 * 12];
        var random = new Random(3);
        for (int i = 0; i < weights.Length; i++)
            weights[i] = i / 12 % 2 == 0 ? (float)random.NextDouble() - 0.5f : weights[i - 12];
        string a = g.Add("a", "Gemm", [x, g.Constant("aw", Tensor.Of(weights, 16, 12))], n => FloatGraph.Relu(n.With("transB", 1)));
        string y = left
            ? g.Add("y", "MatMul", [g.Noise("w", 0.3, 5, 16), g.Add("t", "Transpose", [a], n => n.With("perm", 1, 0))])
            : g.Add("y", "MatMul", [a, g.Noise("w", 0.3, 1, 16, 5)]);
        AssertFoldsExactly(g.Build(y), 0.3, 8);
    }

    private static void AssertFoldsExactly(Graph graph, double share, int left)
    {
        (Graph folded, List<string> notes) = Fold(graph, share, FoldRepair.Approximate);
        Assert.Contains($"'a/node': 16 channels merged into {left}", notes);
        foreach (IReadOnlyList<Tensor> sample in FloatGraph.Samples(graph, 4, seed: 9).Samples)
            RandomTensors.AssertClose(new GraphEvaluator(graph).Evaluate(sample)[0], new GraphEvaluator(folded).Evaluate(sample)[0], 1e-3f,
                "y");
    }

    [Fact]
    public void RepairsBringSimilarChannelsNearer()
    {
        Graph graph = Twins(0.6);
        double none = Error(graph, Fold(graph, 0.45, FoldRepair.Approximate).Graph);
        double statistics = Error(graph, Fold(graph, 0.45, FoldRepair.Statistics).Graph);
        double fit = Error(graph, Fold(graph, 0.45, FoldRepair.Fit).Graph);
        Assert.True(statistics < none, $"{statistics} is not below {none}");
        Assert.True(fit < statistics, $"{fit} is not below {statistics}");
    }

    [Fact]
    public void ClustersAreThoseThatThereAre()
    {
        double[][] features = [[0, 0], [5, 5], [0.1, 0], [5, 5.2], [-9, 1], [0, 0.1]];
        WardMerges merges = WardMerges.Of(features);
        Assert.Equal([0, 1, 0, 1, 2, 0], merges.After(3));
        Assert.Equal(merges.After(3), ChannelClusters.Of(features, merges.After(3), new RandomSource("a")));
        // What a merge loses is the sum of the squared distances to the means.
        Assert.Equal(0.02 + ((0.01 + 0.01) * 2 / 3.0 / 2), merges.Distortions[3], 0.01);
        for (int m = 1; m < features.Length; m++)
            Assert.True(merges.Distortions[m] >= merges.Distortions[m - 1]);
        // The same vectors again: as many clusters as asked for, none empty.
        double[][] same = [.. Enumerable.Repeat(new double[] { 1, 2 }, 5)];
        Assert.Equal(3, ChannelClusters.Of(same, WardMerges.Of(same).After(2), new RandomSource("b")).Distinct().Count());
    }

    private static (Graph Graph, List<string> Notes) Fold(Graph graph, double share, FoldRepair repair)
    {
        var context = new TestContext(graph, FloatGraph.Samples(graph, 64));
        return new ChannelFolding(context.Context(TestContext.Options with { Fold = share }), repair).Apply(graph, share, "Fold");
    }

    private static double Error(Graph whole, Graph folded)
    {
        var (expected, actual) = (new GraphEvaluator(whole), new GraphEvaluator(folded));
        double sum = 0;
        foreach (IReadOnlyList<Tensor> sample in FloatGraph.Samples(whole, 16, seed: 9).Samples)
            sum += expected.Evaluate(sample)[0].Values<float>().Zip(actual.Evaluate(sample)[0].Values<float>(), (x, y) =>
                Math.Pow((double)x - y, 2)).Sum();
        return sum;
    }

    // A convolution and a depthwise one whose channels come in pairs that differ by noise.
    private static Graph Twins(double noise)
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 8, 8, 4);
        string a = g.Add("a", "Conv", [x, Paired("aw", 16, 36, noise, 16, 4, 3, 3), Paired("ab", 16, 1, noise, 16)],
            n => FloatGraph.Relu(n.With("channels_last", 1).With("pads", 1, 1, 1, 1)));
        string d = g.Add("d", "Conv", [a, Paired("dw", 16, 9, noise, 16, 1, 3, 3), Paired("db", 16, 1, noise, 16)],
            n => FloatGraph.Relu(n.With("channels_last", 1).With("pads", 1, 1, 1, 1).With("group", 16)));
        return g.Build(g.Conv("y", d, 16, 6, 1));

        string Paired(string name, int channels, int each, double deviation, params int[] dimensions)
        {
            var random = new Random(name.Length + each);
            var values = new float[channels * each];
            for (int c = 0; c < channels; c++)
                for (int k = 0; k < each; k++)
                    values[(c * each) + k] = c % 2 == 0 ? (float)(random.NextDouble() - 0.5)
                        : values[((c - 1) * each) + k] * (float)(1 + (deviation * (random.NextDouble() - 0.5)));
            return g.Constant(name, Tensor.Of(values, dimensions));
        }
    }
}
