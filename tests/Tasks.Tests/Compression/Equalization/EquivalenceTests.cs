using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Equalization;

/// <summary>Small random graphs of layers and of nodes that hand factors on, or must not, compute the same afterwards.</summary>
public sealed class EquivalenceTests
{
    private const int GraphsOfARun = 60;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public void RandomGraphsComputeTheSame(int run)
    {
        int equalised = 0, absorbed = 0;
        for (int i = 0; i < GraphsOfARun; i++)
        {
            int seed = (run * 1000) + i;
            Graph graph = new RandomLayers(seed).Graph;
            if (seed % 3 == 0)
                graph = PassPipeline.Run(graph, default);
            SampleSet samples = FloatGraph.Samples(graph, 6, seed);
            ModelOptions options = TestContext.Options with { Equalize = true, CalibrationData = new("given", "/given.npz") };
            CompressionResult result = new EqualizationTechnique().Apply(new(graph), new TestContext(graph, samples).Context(options));
            equalised += result.Notes.Any(n => n.Contains(": factors ", StringComparison.Ordinal)) ? 1 : 0;
            absorbed += result.Notes.Any(n => n.Contains("move on", StringComparison.Ordinal)) ? 1 : 0;
            AssertSame(graph, result.Model.Graph, samples, $"seed {seed}");
        }
        // Graphs in which nothing moves would show nothing.
        Assert.True(equalised > GraphsOfARun / 3 && absorbed > GraphsOfARun / 10, $"{equalised} equalised, {absorbed} with moved biases");
    }

    /// <summary>A constant that channels reach along two axes, divided from one layer and whole from another, stays as it is.</summary>
    [Fact]
    public void ChannelsAlongTwoAxesStay()
    {
        var g = new FloatGraph();
        string divided = g.Add("r", "Reshape", [g.Dense("a", g.Input("x", 1, 6), 6, 8), g.Constant("s", Tensor.Of([1L, 2, 4], 3))]);
        string whole = g.Add("b", "MatMul", [g.Input("t", 1, 3, 5), g.Noise("b.w", 3, 5, 4)]);
        string joined = g.Add("j", "Concat", [divided, whole], n => n.With("axis", 1));
        string sum = g.Add("sum", "Add", [joined, g.Noise("c", 1, 1, 5, 4)]);
        string flat = g.Add("f", "Reshape", [sum, g.Constant("fs", Tensor.Of([1L, 20], 2))]);
        Graph graph = g.Build(g.Dense("y", flat, 20, 3));
        SampleSet samples = FloatGraph.Samples(graph, 4);

        CompressionResult result =
            new EqualizationTechnique().Apply(new(graph), new TestContext(graph).Context(TestContext.Options with { Equalize = true }));

        AssertSame(graph, result.Model.Graph, samples, "two axes");
    }

    /// <summary>What a window outside the map gives has no offset.</summary>
    [Fact]
    public void BiasesStayInFrontOfEmptyWindows()
    {
        var g = new FloatGraph();
        string a = g.Add("a", "Conv", [g.Input("x", 1, 3, 3, 3), g.Noise("a.w", 1, 4, 3, 1, 1), g.Noise("a.b", 50, 4)],
            n => n.With("channels_last", 1));
        string p = g.Add("p", "MaxPool", [a],
            n => n.With("kernel_shape", 1, 1).With("pads", 1, 1, 1, 1).With("channels_last", 1));
        Graph graph = g.Build(g.Conv("y", p, 4, 2, 1));
        ModelOptions options = TestContext.Options with { Equalize = true, CalibrationData = new("given", "/given.npz") };

        (_, IReadOnlyList<string> notes) =
            BiasAbsorption.Apply(graph, new TestContext(graph, FloatGraph.Samples(graph, 8)).Context(options));

        Assert.Empty(notes);
    }

    /// <summary>A channel that is all but constant would become the greatest by far: its bias grows with its factor.</summary>
    [Fact]
    public void ChannelsOfNegligibleWeightsAreLeftAlone()
    {
        var g = new FloatGraph();
        string weights = g.Constant("aw", Tensor.Of([1f, 2, 3, 4, 1e-12f, -1e-12f, 0, 0], 2, 4));
        string a = g.Add("a", "Gemm", [g.Input("x", 1, 4), weights, g.Constant("ab", Tensor.Of([0.5f, 0.5f], 2))],
            n => FloatGraph.Relu(n.With("transB", 1)));
        Graph graph = g.Build(g.Add("b", "Gemm", [a, g.Constant("bw", Tensor.Of([0.25f, 3], 1, 2))], n => n.With("transB", 1)));

        Graph equalised = new EqualizationTechnique()
            .Apply(new(graph), new TestContext(graph).Context(TestContext.Options with { Equalize = true })).Model.Graph;

        float[] biases = equalised.Constants[equalised.Nodes[0].Inputs[2]].Values<float>();
        Assert.Equal([0.125, 0.5], biases.Select(b => Math.Round(b, 5)));
        AssertSame(graph, equalised, FloatGraph.Samples(graph, 4), "negligible weights");
    }

    private static void AssertSame(Graph expected, Graph actual, SampleSet samples, string what)
    {
        var (before, after) = (new GraphEvaluator(expected), new GraphEvaluator(actual));
        foreach (IReadOnlyList<Tensor> sample in samples.Samples)
            foreach ((Tensor x, Tensor y, string name) in before.Evaluate(sample).Zip(after.Evaluate(sample), expected.Outputs))
                // Rounding errors of sums that cancel out count against what is left.
                RandomTensors.AssertClose(x, y, 3e-4f, $"{what}, {name}");
    }
}
