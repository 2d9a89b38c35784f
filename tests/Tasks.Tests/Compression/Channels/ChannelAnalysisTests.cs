using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// Which channels depend on each other, in each structure that operators make. That they are the right ones is checked by leaving some
/// out: the smaller graph must give what the whole one gives where the weights that read them are zero.
/// </summary>
public sealed class ChannelAnalysisTests
{
    [Fact]
    public void ChainsPassThroughDepthwiseLayersPoolingAndFlattening()
    {
        var g = new FloatGraph();
        string a = g.Conv("a", g.Input("x", 1, 8, 8, 3), 3, 8, 3, relu: true);
        string d = g.Conv("d", a, 8, 8, 3, relu: true, groups: 8);
        string p = g.Add("p", "MaxPool", [d], n => n.With("kernel_shape", 2, 2).With("strides", 2, 2).With("channels_last", 1));
        string f = g.Add("f", "Reshape", [p, g.Constant("shape", Tensor.Of([1L, -1], 2))]);
        Graph graph = g.Build(g.Dense("y", f, 128, 5));

        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        Assert.Equal([["a/node", "d/node"], ["y/node"]], analysis.Groups.Select(x => x.Sources.ToArray()));
        Assert.Equal(8, analysis.Groups[0].Channels.Length);
        Assert.Contains("output of the model", analysis.Groups[1].Obstacle, StringComparison.Ordinal);
        ChannelSite read = analysis.Groups[0].Sites.Single(s => s.Role == ChannelRole.Reads);
        // One channel is sixteen inputs of the dense layer, eight apart.
        Assert.Equal(Enumerable.Range(0, 16).Select(i => (i * 8) + 3), read.Places[analysis.Groups[0].Channels[3]]);
        Graph smaller = AssertLeavesOut(graph, 1);
        Assert.Equal(7, smaller.Nodes[1].Int("group", 0));
    }

    [Fact]
    public void ResidualSumsTieTheLayersTogether()
    {
        var g = new FloatGraph();
        string a = g.Conv("a", g.Input("x", 1, 6, 6, 3), 3, 8, 3, relu: true);
        string b = g.Conv("b", a, 8, 6, 3, relu: true);
        string sum = g.Add("sum", "Add", [g.Conv("c", b, 6, 8, 3), a]);
        Graph graph = g.Build(g.Conv("y", g.Add("r", "Relu", [sum]), 8, 4, 1));
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        Assert.Equal(["a/node", "c/node"], analysis.Groups[0].Sources);
        Assert.Equal(["b/node"], analysis.Groups[1].Sources);
        AssertLeavesOut(graph, 3);
    }

    [Fact]
    public void InputsOfConcatenationsStayIndependentAndSplitsFollow()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 6, 6, 3);
        string cat = g.Add("cat", "Concat", [g.Conv("a", x, 3, 6, 1), x, g.Conv("b", x, 3, 10, 3)], n => n.With("axis", 3));
        string[] parts = ["s", "s1"];
        g.Add("s", "Split", [cat, g.Constant("sizes", Tensor.Of([8L, 11], 2))], n => n.With("axis", 3), outputs: 2);
        string slice = g.Add("slice", "Slice", [parts[1], g.Constant("from", Tensor.Of([2L], 1)), g.Constant("to", Tensor.Of([9L], 1)),
            g.Constant("axes", Tensor.Of([-1L], 1))]);
        Graph graph = g.Build(g.Conv("y", parts[0], 8, 4, 1), g.Conv("z", slice, 7, 4, 1));
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        Assert.Equal([["a/node"], ["b/node"]], analysis.Groups.Take(2).Select(x => x.Sources.ToArray()));
        Assert.Equal([6, 10], analysis.Groups.Take(2).Select(x => x.Channels.Length));
        AssertLeavesOut(graph, 2);
        AssertLeavesOut(graph, 5);
    }

    [Fact]
    public void SqueezeAndExcitationFollowsTheChannelsThatItScales()
    {
        var g = new FloatGraph();
        string a = g.Conv("a", g.Input("x", 1, 6, 6, 3), 3, 8, 3, relu: true);
        string pool = g.Add("pool", "GlobalAveragePool", [a], n => n.With("channels_last", 1));
        string gate = g.Add("gate", "Sigmoid", [g.Conv("up", g.Conv("down", pool, 8, 4, 1, relu: true), 4, 8, 1)]);
        Graph graph = g.Build(g.Conv("y", g.Add("scaled", "Mul", [a, gate]), 8, 4, 1));
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        Assert.Equal([["a/node", "up/node"], ["down/node"], ["y/node"]], analysis.Groups.Select(x => x.Sources.ToArray()));
        AssertLeavesOut(graph, 3);
    }

    [Fact]
    public void GroupsOfAConvolutionKeepEqualPlaces()
    {
        var g = new FloatGraph();
        string a = g.Conv("a", g.Input("x", 1, 5, 5, 3), 3, 8, 1, relu: true);
        string b = g.Conv("b", a, 8, 12, 3, relu: true, groups: 2);
        Graph graph = g.Build(g.Conv("y", b, 12, 4, 1));
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        // Four inputs and six outputs of each of the two groups.
        Assert.Equal([4, 6], analysis.Groups.Take(2).Select(x => x.Channels.Length));
        AssertLeavesOut(graph, 2);
        var several = new FloatGraph();
        string m = several.Conv("m", several.Input("x", 1, 5, 5, 3), 3, 6, 1);
        Graph multiplied = several.Build(several.Conv("y", several.Conv("d", m, 6, 12, 3, groups: 6), 12, 4, 1));
        Assert.Equal(6, ChannelAnalysis.Of(multiplied).Groups[0].Channels.Length);
        AssertLeavesOut(multiplied, 2);
    }

    [Fact]
    public void HeadsOfAttentionVanishAsAWhole()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 5, 12);
        string Heads(string name, params long[] perm)
        {
            string all = g.Add(name, "MatMul", [x, g.Noise(name + ".w", 0.3, 12, 12)]);
            string split = g.Add(name + ".split", "Reshape", [all, g.Constant(name + ".shape", Tensor.Of([1L, 5, 3, 4], 4))]);
            return g.Add(name + ".heads", "Transpose", [split], n => n.With("perm", perm));
        }
        string scores = g.Add("scores", "MatMul", [Heads("q", 0, 2, 1, 3), Heads("k", 0, 2, 3, 1)]);
        string mixed = g.Add("mixed", "MatMul", [g.Add("soft", "Softmax", [scores], n => n.With("axis", -1)), Heads("v", 0, 2, 1, 3)]);
        string joined = g.Add("joined", "Reshape", [g.Add("back", "Transpose", [mixed], n => n.With("perm", 0, 2, 1, 3)),
            g.Constant("joined.shape", Tensor.Of([1L, 5, 12], 3))]);
        Graph graph = g.Build(g.Add("y", "MatMul", [joined, g.Noise("y.w", 0.3, 12, 6)]));
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        Assert.Equal(["q/node", "k/node", "v/node"], analysis.Groups[0].Sources);
        Assert.Equal(3, analysis.Groups[0].Channels.Length);
        Graph smaller = AssertLeavesOut(graph, 1);
        Assert.Equal(8, smaller.TypeOf("joined").Dimensions[2]);
    }

    [Fact]
    public void HiddenUnitsOfRecurrentLayersVanishWithTheirGates()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 4, 1, 5);
        string products = g.Add("products", "MatMul", [x, g.Noise("w", 0.4, 5, 24)]);
        string recurrent = g.Add("h", "LSTM", [products, g.Noise("r", 0.4, 1, 24, 6)], n => (n with { Domain = Node.InternalDomain })
            .With("activations", new AttributeValue.Texts(["Sigmoid", "Tanh", "Tanh"]))
            .With("activation_alpha", new AttributeValue.Floats([0, 0, 0]))
            .With("activation_beta", new AttributeValue.Floats([0, 0, 0])), outputs: 3);
        Graph graph = g.Build(g.Add("y", "MatMul", [recurrent, g.Noise("y.w", 0.4, 6, 3)]));
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        Assert.Equal(6, analysis.Groups[0].Channels.Length);
        Assert.Equal(["products/node", "h/node"], analysis.Groups[0].Sources);
        Graph smaller = AssertLeavesOut(graph, 2);
        Assert.Equal([1, 16, 4], smaller.Constants[smaller.Nodes[1].Inputs[1]].Dimensions);
    }

    [Fact]
    public void WhatCannotVanishIsLeftAloneWithAReason()
    {
        string Obstacle(Func<FloatGraph, string, string> behind)
        {
            var g = new FloatGraph();
            string a = g.Dense("a", g.Input("x", 2, 6), 6, 8);
            return ChannelAnalysis.Of(g.Build(g.Dense("y", behind(g, a), 8, 3))).Groups[0].Obstacle;
        }
        Assert.Equal("'s/node' (Softmax) adds up over that axis", Obstacle((g, a) => g.Add("s", "Softmax", [a], n => n.With("axis", 1))));
        Assert.Equal("'l/node' (LayerNormalization) normalises over that axis", Obstacle((g, a) => g.Add("l", "LayerNormalization",
            [a, g.Noise("scale", 1, 8), g.Noise("shift", 1, 8)], n => n.With("axis", -1))));
        Assert.Equal("'c/node' (CumSum) does not say how channels go through it", Obstacle((g, a) => g.Add("c", "CumSum",
            [a, g.Constant("axis", Tensor.Scalar(1L))])));
        Assert.Equal("is an input of the model", Obstacle((g, a) => g.Add("m", "Mul", [a, g.Input("other", 2, 8)])));
        Assert.Equal("", Obstacle((g, a) => g.Add("m", "Mul", [a, g.Noise("scale", 1, 8)])));
    }

    [Fact]
    public void ConstantsOnEitherSideOfAProductReadWhatTheyAddUp()
    {
        var left = new FloatGraph();
        string a = left.Add("t", "Transpose", [left.Dense("a", left.Input("x", 2, 6), 6, 8)], n => n.With("perm", 1, 0));
        Graph first = left.Build(left.Add("y", "MatMul", [left.Noise("w", 0.3, 3, 8), a]));
        var right = new FloatGraph();
        string b = right.Dense("a", right.Input("x", 2, 6), 6, 8);
        Graph batched = right.Build(right.Add("y", "MatMul", [b, right.Noise("w", 0.3, 1, 8, 3)]));
        foreach (Graph graph in (Graph[])[first, batched])
        {
            ChannelSite read = ChannelAnalysis.Of(graph).Groups[0].Sites.Single(s => s.Node == "y/node");
            Assert.Equal(ChannelRole.Reads, read.Role);
            AssertLeavesOut(graph, 3);
        }
    }

    [Fact]
    public void APlaceThatIsCutOutAloneAndReshapedStays()
    {
        var g = new FloatGraph();
        string a = g.Dense("a", g.Input("x", 1, 6), 6, 8);
        string[] parts = ["s", "s1"];
        g.Add("s", "Split", [a, g.Constant("sizes", Tensor.Of([1L, 7], 2))], n => n.With("axis", 1), outputs: 2);
        string alone = g.Add("alone", "Reshape", [parts[0], g.Constant("shape", Tensor.Of([1L], 1))]);
        ChannelGroup group = ChannelAnalysis.Of(g.Build(g.Dense("y", parts[1], 7, 3), alone)).Groups[0];
        Assert.Equal(7, group.Channels.Length);
        Assert.Equal("'alone/node' (Reshape) reshapes an axis of one place", group.Obstacle);
    }

    [Fact]
    public void WeightsOfOtherNumbersStay()
    {
        var g = new FloatGraph();
        string x = g.Add("i", "Cast", [g.Input("x", 2, 6)], n => n.With("to", 6));
        string a = g.Add("a", "MatMul", [x, g.Constant("w", Tensor.Of([.. Enumerable.Range(0, 48)], 6, 8))]);
        string y = g.Add("y", "MatMul", [a, g.Constant("v", Tensor.Of([.. Enumerable.Range(0, 24)], 8, 3))]);
        ChannelGroup group = ChannelAnalysis.Of(g.Build(y)).Groups[0];
        Assert.Equal("'a/node' (MatMul) has weights of other numbers than float32", group.Obstacle);
        Assert.Empty(group.Channels);
    }

    [Fact]
    public void NodesSayWhereOnePlaceCannotStandForSeveral()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 2, 6);
        string a = g.Dense("a", x, 6, 8), b = g.Add("t", "Transpose", [g.Dense("b", x, 6, 8)], n => n.With("perm", 1, 0));
        Graph product = g.Build(g.Add("y", "MatMul", [a, b]));
        Assert.Equal("'y/node' (MatMul) adds up products of values along that axis", ChannelAnalysis.Of(product).Groups[0].MergeObstacle);

        string Chain(Tensor constant)
        {
            var body = new FloatGraph();
            Graph chain = body.Build(body.Add("scaled", "Mul", [body.Input("x", 2, 8), body.Constant("s", constant)]));
            var around = new FloatGraph();
            string made = around.Dense("a", around.Input("x", 2, 6), 6, 8);
            string fused = around.Add("f", "FusedElementwise", [made],
                n => (n with { Domain = Node.InternalDomain }).With("body", new AttributeValue.GraphValue(chain)));
            return ChannelAnalysis.Of(around.Build(around.Dense("y", fused, 8, 3))).Groups[0].MergeObstacle;
        }
        Assert.Equal("", Chain(Tensor.Scalar(2f)));
        Assert.Equal("", Chain(Tensor.Of([2f, 2, 2, 2, 2, 2, 2, 2], 8)));
        Assert.Equal("'f/node' (FusedElementwise) does not treat all places of that axis alike",
            Chain(Tensor.Of([2f, 2, 2, -2, 2, 2, 2, 2], 8)));
    }

    [Fact]
    public void AnAddendForEachRowIsNoBias()
    {
        LayerMatrix? Of(params int[] addend)
        {
            var g = new FloatGraph();
            Graph graph = g.Build(g.Add("y", "Gemm", [g.Input("x", 4, 6), g.Noise("w", 1, 6, 4), g.Noise("c", 1, addend)]));
            return LayerMatrix.Of(graph, graph.Nodes[0]);
        }
        Assert.Null(Of(4, 1));
        Assert.NotNull(Of(1, 4)?.Bias);
        Assert.NotNull(Of(1, 1)?.Bias);
    }

    [Fact]
    public void LayersBehindANodeThatWasPutInHaveChanged()
    {
        var whole = new FloatGraph();
        Graph original = whole.Build(whole.Dense("a", whole.Input("x", 1, 16), 16, 8));
        var divided = new FloatGraph();
        string half = divided.Add("half", "MatMul", [divided.Input("x", 1, 16), divided.Noise("w", 0.3, 16, 4)]);
        Graph changed = divided.Build(divided.Dense("a", half, 4, 8));
        Assert.Equal(["a/node"], ChangedLayers.Of(original, changed, own: false));
        Assert.Empty(ChangedLayers.Of(original, original, own: false));
    }

    /// <summary>Leaves the first channels of every group out, some at a time, and compares.</summary>
    private static Graph AssertLeavesOut(Graph graph, int channels)
    {
        ChannelAnalysis analysis = ChannelAnalysis.Of(graph);
        HashSet<int> removed = [.. analysis.Groups.SelectMany(g => g.Channels.Where((_, i) => i % 2 == 0)
            .Take(Math.Min(channels, g.Channels.Length - 1)))];
        Assert.NotEmpty(removed);
        ChannelOracle.AssertSame(analysis, removed, FloatGraph.Samples(graph, 3).Samples);
        return ChannelRemoval.Without(analysis, removed);
    }
}
