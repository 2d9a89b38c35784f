using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Equalization;

public sealed class EqualizationTests
{
    [Fact]
    public void RangesBecomeEqualThroughRectifiersPoolingAndDepthwiseLayers()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 8, 8, 3);
        string a = g.Conv("a", x, 3, 8, 3, relu: true);
        string d = g.Conv("d", a, 8, 8, 3, relu: true, groups: 8);
        string p = g.Add("p", "MaxPool", [d], n => n.With("kernel_shape", 2, 2).With("strides", 2, 2).With("channels_last", 1));
        Graph graph = g.Build(g.Conv("b", p, 8, 6, 1));

        CompressionResult result = Equalize(graph);

        Assert.Contains("2 groups of layers", result.Notes[0], StringComparison.Ordinal);
        AssertSame(graph, result.Model.Graph);
        var editor = new GraphEditor(result.Model.Graph);
        LinearLayer[] layers = [.. editor.Nodes.Select(n => LinearLayer.Of(editor, n)).OfType<LinearLayer>()];
        Assert.Equal(3, layers.Length);
        for (int i = 0; i + 1 < layers.Length; i++)
        {
            double[] made = Ranges(layers[i]).Outputs, read = Ranges(layers[i + 1]).Inputs;
            for (int c = 0; c < 8; c++)
                Assert.Equal(1, made[c] / read[c], 2);
        }
    }

    [Fact]
    public void FactorsStopAtWhatWouldChangeTheResult()
    {
        // An upper bound, a second reader, an output of the graph and another function.
        Assert.Contains("no layers between", Equalize(Pair((g, a) => g.Add("m", "Clip", [a, g.Constant("lo", Tensor.Scalar(0f)),
            g.Constant("hi", Tensor.Scalar(6f))]))).Notes[0], StringComparison.Ordinal);
        Assert.Contains("no layers between", Equalize(Pair((g, a) => g.Add("m", "Sigmoid", [a]))).Notes[0], StringComparison.Ordinal);
        var twice = new FloatGraph();
        string h = twice.Dense("h", twice.Input("x", 1, 8), 8, 8, relu: true);
        Assert.Contains("no layers between", Equalize(twice.Build(twice.Add("y", "Add", [twice.Dense("b", h, 8, 8), h])))
            .Notes[0], StringComparison.Ordinal);
        var output = new FloatGraph();
        string made = output.Dense("h", output.Input("x", 1, 8), 8, 8, relu: true);
        Assert.Contains("no layers between", Equalize(output.Build(output.Dense("y", made, 8, 4), made)).Notes[0],
            StringComparison.Ordinal);

        Assert.Contains("1 groups", Equalize(Pair((g, a) => g.Add("m", "LeakyRelu", [a]))).Notes[0], StringComparison.Ordinal);
    }

    [Fact]
    public void DeadChannelsAreLeftAlone()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 4);
        string weights = g.Constant("aw", Tensor.Of([1f, 2, 3, 4, 0, 0, 0, 0], 2, 4));
        string a = g.Add("a", "Gemm", [x, weights, g.Constant("ab", Tensor.Of([0.5f, 7], 2))],
            n => FloatGraph.Relu(n.With("transB", 1)));
        Graph graph = g.Build(g.Add("b", "Gemm", [a, g.Constant("bw", Tensor.Of([0.25f, 3], 1, 2))], n => n.With("transB", 1)));
        Graph equalised = Equalize(graph).Model.Graph;
        AssertSame(graph, equalised);
        float[] moved = equalised.Constants[equalised.Nodes[0].Inputs[1]].Values<float>();
        Assert.Equal([1, 2, 3, 4], moved[..4].Select(w => Math.Round(w * 4, 4)));
        Assert.Equal(7, equalised.Constants[equalised.Nodes[0].Inputs[2]].Values<float>()[1]);
    }

    /// <summary>Each input of the concatenation has factors of its own, which the reader takes up at the places of that input.</summary>
    [Fact]
    public void FactorsPassAConcatenation()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 6, 6, 3);
        string a = g.Conv("a", x, 3, 8, 3, relu: true);
        string b = g.Add("bl", "LeakyRelu", [g.Conv("b", x, 3, 4, 1)]);
        string raw = g.Conv("raw", x, 3, 4, 1);
        string joined = g.Add("j", "Concat", [a, g.Add("s", "Sigmoid", [raw]), b], n => n.With("axis", 3));
        Graph graph = g.Build(g.Conv("y", joined, 16, 6, 3));

        CompressionResult result = Equalize(graph);

        Assert.Contains("2 groups of layers", result.Notes[0], StringComparison.Ordinal);
        AssertSame(graph, result.Model.Graph);
        Dictionary<string, LinearLayer> layers = Layers(result.Model.Graph);
        double[] read = Ranges(layers["y/node"]).Inputs;
        AssertEqual(Ranges(layers["a/node"]).Outputs, read[..8]);
        AssertEqual(Ranges(layers["b/node"]).Outputs, read[12..]);
        // What has passed a sigmoid stays.
        Assert.Equal(Ranges(Layers(graph)["y/node"]).Inputs[8..12], read[8..12]);
        Assert.Equal(Ranges(Layers(graph)["raw/node"]).Outputs, Ranges(layers["raw/node"]).Outputs);
    }

    /// <summary>All layers whose results are added up share their factors, and so does a constant that is added.</summary>
    [Fact]
    public void FactorsPassResidualBlocksGatesSlopesAndReshaping()
    {
        var g = new FloatGraph();
        string stem = g.Conv("stem", g.Input("x", 1, 6, 6, 3), 3, 8, 3, relu: true);
        string branch = g.Conv("branch", stem, 8, 8, 3);
        string sum = g.Add("sum", "Add", [branch, stem], n => FloatGraph.Relu(n));
        string shifted = g.Add("shifted", "Add", [sum, g.Noise("shift", 1, 8)]);
        string bent = g.Add("bent", "PRelu", [shifted, g.Noise("slope", 0.3, 8)]);
        // Squeeze and excitation: what opens the channels reads them itself.
        string squeezed = g.Add("squeezed", "GlobalAveragePool", [bent], n => n.With("channels_last", 1));
        string gate = g.Add("gate", "Sigmoid", [g.Conv("up", g.Conv("down", squeezed, 8, 4, 1, relu: true), 4, 8, 1)]);
        string gated = g.Add("gated", "Mul", [gate, bent]);
        string flat = g.Add("flat", "Reshape", [gated, g.Constant("shape", Tensor.Of([1L, 288], 2))]);
        Graph graph = g.Build(g.Dense("y", flat, 288, 5));

        CompressionResult result = Equalize(graph);

        Assert.Contains("2 groups of layers", result.Notes[0], StringComparison.Ordinal);
        Assert.Contains("'stem/node' and 1 more → 'branch/node' and 2 more", result.Notes[1], StringComparison.Ordinal);
        AssertSame(graph, result.Model.Graph);
        Dictionary<string, LinearLayer> layers = Layers(result.Model.Graph);
        double[] made = Greater(Ranges(layers["stem/node"]).Outputs, Ranges(layers["branch/node"]).Outputs);
        double[] flattened = Ranges(layers["y/node"]).Inputs;
        double[] read = Greater(
            Greater(Ranges(layers["branch/node"]).Inputs, Ranges(layers["down/node"]).Inputs),
            [.. Enumerable.Range(0, 8).Select(c => flattened.Where((_, i) => i % 8 == c).Max())]);
        AssertEqual(made, read);
        Assert.NotEqual(graph.Constants["shift"].Values<float>(),
            result.Model.Graph.Constants[result.Model.Graph.Nodes.First(n => n.Name == "shifted/node").Inputs[1]].Values<float>());
    }

    [Fact]
    public void FactorsStopWhereNodesCannotHandThemOn()
    {
        // One number for all channels, both factors of a product, a number around the map, a bound behind the sum.
        AssertStops(g => (g.Input("x", 1, 4, 4, 3), (g, a) => g.Add("m", "Add", [a, g.Constant("one", Tensor.Scalar(1f))])));
        AssertStops(g => (g.Input("x", 1, 4, 4, 3), (g, a) => g.Add("m", "Mul", [a, a])));
        AssertStops(g => (g.Input("x", 1, 4, 4, 3), (g, a) => g.Add("m", "Pad",
            [a, g.Constant("pads", Tensor.Of([0L, 1, 1, 0, 0, 1, 1, 0], 8)), g.Constant("value", Tensor.Scalar(2f))])));
        AssertStops(g => (g.Input("x", 1, 4, 4, 3), (g, a) => g.Add("m", "Add", [a, a],
            n => FloatGraph.Relu(n).With("activation_max", new AttributeValue.Float(6)))));

        static void AssertStops(Func<FloatGraph, (string Input, Func<FloatGraph, string, string> Between)> of)
        {
            var g = new FloatGraph();
            (string x, Func<FloatGraph, string, string> between) = of(g);
            string m = between(g, g.Conv("a", x, 3, 8, 1));
            Assert.Contains("no layers between", Equalize(g.Build(g.Conv("b", m, 8, 4, 1))).Notes[0], StringComparison.Ordinal);
        }
    }

    private static CompressionResult Equalize(Graph graph) =>
        new EqualizationTechnique().Apply(new(graph), new TestContext(graph).Context(TestContext.Options with { Equalize = true }));

    private static Graph Pair(Func<FloatGraph, string, string> between)
    {
        var g = new FloatGraph();
        return g.Build(g.Dense("b", between(g, g.Dense("a", g.Input("x", 1, 8), 8, 8)), 8, 4));
    }

    private static Dictionary<string, LinearLayer> Layers(Graph graph)
    {
        var editor = new GraphEditor(graph);
        return editor.Nodes.Select(n => LinearLayer.Of(editor, n)).OfType<LinearLayer>().ToDictionary(l => l.Node.Name);
    }

    private static double[] Greater(double[] a, double[] b) => [.. a.Zip(b, Math.Max)];

    private static void AssertEqual(double[] made, double[] read)
    {
        Assert.Equal(made.Length, read.Length);
        for (int c = 0; c < made.Length; c++)
            Assert.Equal(1, made[c] / read[c], 2);
    }

    private static (double[] Outputs, double[] Inputs) Ranges(LinearLayer layer) =>
        layer.Ranges([.. Enumerable.Repeat(1.0, layer.Outputs)], [.. Enumerable.Repeat(1.0, layer.Inputs)]);

    private static void AssertSame(Graph expected, Graph actual)
    {
        foreach (IReadOnlyList<Tensor> sample in FloatGraph.Samples(expected, 4).Samples)
            RandomTensors.AssertClose(
                new GraphEvaluator(expected).Evaluate(sample)[0], new GraphEvaluator(actual).Evaluate(sample)[0], 1e-5f, "y");
    }
}
