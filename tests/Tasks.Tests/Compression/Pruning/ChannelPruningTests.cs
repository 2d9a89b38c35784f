using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Pruning;

/// <summary>Which channels go, and how many of which group, in small networks where the answer is plain.</summary>
public sealed class ChannelPruningTests
{
    [Theory]
    [InlineData("Magnitude")]
    [InlineData("Reconstruction")]
    [InlineData("Taylor")]
    public void NoPartOfASplitLosesAllChannels(string criterion)
    {
        var g = new FloatGraph();
        // The first four channels have hardly any weights.
        float[] weights = [.. Enumerable.Range(0, 48).Select(i => (i < 12 ? 1e-4f : 1) * (0.1f + (i * 7 % 5)))];
        string a = g.Add("a", "Conv", [g.Input("x", 1, 6, 6, 3), g.Constant("aw", Tensor.Of(weights, 16, 3, 1, 1))],
            n => n.With("channels_last", 1));
        string[] parts = ["s", "s1"];
        g.Add("s", "Split", [a, g.Constant("sizes", Tensor.Of([4L, 12], 2))], n => n.With("axis", 3), outputs: 2);
        string cat = g.Add("cat", "Concat", [g.Conv("d", parts[0], 4, 4, 3, groups: 4), g.Conv("e", parts[1], 12, 12, 3, groups: 12)],
            n => n.With("axis", 3));
        Graph graph = g.Build(g.Conv("y", cat, 16, 4, 1));
        (Graph smaller, List<string> notes) = Prune(graph, 0.5, Enum.Parse<PruningCriterion>(criterion));
        Assert.Contains("'a/node' and 2 more: 8 of 16 channels stay", notes);
        Assert.Equal(8, smaller.TypeOf("cat").Dimensions[3]);
        Assert.True(smaller.TypeOf(parts[0]).Dimensions[3] >= 1);
        Assert.NotNull(new GraphEvaluator(smaller).Evaluate(FloatGraph.Samples(graph, 1).Samples[0]));
    }

    [Fact]
    public void ChannelsThatMoreLayersMakeAreNotWorthMoreForThat()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 6);
        Tensor Rows(int count, Func<int, float> value) =>
            Tensor.Of([.. Enumerable.Range(0, count * 6).Select(i => value(i / 6))], count, 6);
        string a = g.Add("a", "Gemm", [x, g.Constant("aw", Rows(8, c => c < 4 ? 0.9f : 1))], n => n.With("transB", 1));
        string[] parts = ["s", "s1"];
        g.Add("s", "Split", [a, g.Constant("sizes", Tensor.Of([4L, 4], 2))], n => n.With("axis", 1), outputs: 2);
        string c = g.Add("c", "Gemm", [x, g.Constant("cw", Rows(4, _ => 0.9f))], n => n.With("transB", 1));
        string cat = g.Add("cat", "Concat", [g.Add("sum", "Add", [parts[0], c]), parts[1]], n => n.With("axis", 1));
        ChannelAnalysis analysis = ChannelAnalysis.Of(g.Build(g.Dense("y", cat, 8, 3)));
        ChannelGroup group = analysis.Groups[0];
        int[] order = ChannelRanking.ByMagnitude(analysis, group).Order;
        // The first four, but for the last of them: a part of the Split must not become empty.
        Assert.Equal(group.Channels.Take(3), order.Take(3));
    }

    /// <summary>What readers make of a channel counts, not the weights that make it; where nothing is nonlinear to first order exactly.
    /// </summary>
    [Theory]
    [InlineData(null)]
    [InlineData(2)]
    [InlineData(3)]
    public void GradientsTellWhichChannelsOutputsNeed(int? rankOfClasses)
    {
        var g = new FloatGraph();
        string a = g.Dense("a", g.Input("x", 1, 16), 16, 8);
        Tensor readers = g.Build(g.Dense("y", a, 8, 4)).Constants["y.w"];
        float[] weights = readers.Values<float>();
        for (int i = 0; i < weights.Length; i++)
            weights[i] = MathF.CopySign(MathF.Pow(3, i % 8) / 2000, weights[i]);
        // Of rank 3 the classes lie along the second axis.
        string scores = rankOfClasses == 3 ? g.Add("scores", "Reshape", ["y", g.Constant("shape", Tensor.Of([1L, 4, 1], 3))]) : "y";
        Graph graph = g.Build(rankOfClasses is null ? "y" : g.Add("p", "Softmax", [scores], n => n.With("axis", 1)));
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        CompressionContext Context() => new TestContext(graph, FloatGraph.Samples(graph, 300)).Context();
        ChannelRanking ranking = TaylorRanking.Of(analysis, Context())![0];
        Assert.Equal(analysis.Groups[0].Channels.Take(7), ranking.Order.Take(7));
        Assert.Equal(ranking.Errors, TaylorRanking.Of(analysis, Context())![0].Errors);
        Assert.NotEqual(ranking.Order, ChannelRanking.ByMagnitude(analysis, analysis.Groups[0]).Order);
    }

    [Fact]
    public void AmountsFollowTheScoresThatAClassIsDecidedBy()
    {
        var g = new FloatGraph();
        string y = g.Dense("y", g.Dense("a", g.Input("x", 1, 16), 16, 16, relu: true), 16, 6);
        string best = g.Add("best", "ArgMax", [g.Add("p", "Softmax", [y])], n => n.With("axis", -1));
        Graph graph = g.Build(best);
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        var outputs = new OutputSensitivity(graph, FloatGraph.Samples(graph, 8).Samples, CancellationToken.None);
        Assert.True(outputs.Compares);
        Assert.Equal(0, outputs.ErrorOf(graph));
        Assert.True(outputs.ErrorOf(ChannelRemoval.Without(analysis, analysis.Groups[0].Channels.Take(8).ToHashSet())) > 0.01);
    }

    [Fact]
    public void WithoutOutputsToCompareEachGroupLosesTheSameShare()
    {
        var g = new FloatGraph();
        string b = g.Dense("b", g.Dense("a", g.Input("x", 1, 32), 32, 32, relu: true), 32, 32, relu: true);
        Graph graph = g.Build(g.Add("zero", "Mul", [g.Dense("y", b, 32, 8), g.Constant("none", Tensor.Scalar(0f))]));
        (_, List<string> notes) = Prune(graph, 0.3, PruningCriterion.Reconstruction);
        Assert.Contains(notes, n => n.Contains("no output shows what is lost", StringComparison.Ordinal));
        Assert.Contains("'a/node': 24 of 32 channels stay", notes);
        Assert.Contains("'b/node': 24 of 32 channels stay", notes);

        // Nor has an output a gradient that is 0 whatever happens: the note says what ranked instead.
        (_, notes) = Prune(graph, 0.3, PruningCriterion.Taylor);
        Assert.StartsWith("the channels without which the layers behind can best be made good (PruningCriterion=\"Taylor\" has no effect",
            notes[0], StringComparison.Ordinal);
        Assert.Contains("no output shows what is lost", notes[0], StringComparison.Ordinal);
        Assert.StartsWith("the channels whose loss changes the outputs least by their gradients, amounts by the same measure",
            Prune(g.Build("y"), 0.3, PruningCriterion.Taylor).Notes[0], StringComparison.Ordinal);
    }

    private static (Graph Graph, List<string> Notes) Prune(Graph graph, double share, PruningCriterion criterion)
    {
        var context = new TestContext(graph, FloatGraph.Samples(graph, 64));
        return new ChannelPruning(context.Context(TestContext.Options with { Sparsity = share }), criterion)
            .Apply(graph, share, "Sparsity");
    }
}
