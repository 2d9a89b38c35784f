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

        Assert.Contains("2 pairs of layers", result.Notes[0], StringComparison.Ordinal);
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
        Assert.Contains("no two layers", Equalize(Pair((g, a) => g.Add("m", "Clip", [a, g.Constant("lo", Tensor.Scalar(0f)),
            g.Constant("hi", Tensor.Scalar(6f))]))).Notes[0], StringComparison.Ordinal);
        Assert.Contains("no two layers", Equalize(Pair((g, a) => g.Add("m", "Sigmoid", [a]))).Notes[0], StringComparison.Ordinal);
        var twice = new FloatGraph();
        string h = twice.Dense("h", twice.Input("x", 1, 8), 8, 8, relu: true);
        Assert.Contains("no two layers", Equalize(twice.Build(twice.Add("y", "Add", [twice.Dense("b", h, 8, 8), h]))).Notes[0],
            StringComparison.Ordinal);
        var output = new FloatGraph();
        string made = output.Dense("h", output.Input("x", 1, 8), 8, 8, relu: true);
        Assert.Contains("no two layers", Equalize(output.Build(output.Dense("y", made, 8, 4), made)).Notes[0], StringComparison.Ordinal);

        Assert.Contains("1 pairs", Equalize(Pair((g, a) => g.Add("m", "LeakyRelu", [a]))).Notes[0], StringComparison.Ordinal);
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

    private static CompressionResult Equalize(Graph graph) =>
        new EqualizationTechnique().Apply(new(graph), new TestContext(graph).Context(TestContext.Options with { Equalize = true }));

    private static Graph Pair(Func<FloatGraph, string, string> between)
    {
        var g = new FloatGraph();
        return g.Build(g.Dense("b", between(g, g.Dense("a", g.Input("x", 1, 8), 8, 8)), 8, 4));
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
