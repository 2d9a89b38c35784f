using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Equalization;

public sealed class BiasAbsorptionTests
{
    private static readonly ModelOptions WithData =
        TestContext.Options with { Equalize = true, CalibrationData = new("given", "/given.npz") };

    /// <summary>What lies above 100 in all samples moves through pooling and a concatenation; the result stays the same, also on other
    /// samples, as the rectifier clips in none.</summary>
    [Fact]
    public void BiasesThatNoRectifierClipsMoveOn()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 6, 6, 3);
        string high = Lifted(g, "high", x, 100, relu: true), low = Lifted(g, "low", x, 0, relu: true);
        string pooled = g.Add("p", "MaxPool", [g.Add("j", "Concat", [high, low], n => n.With("axis", 3))],
            n => n.With("kernel_shape", 2, 2).With("strides", 2, 2).With("channels_last", 1));
        Graph graph = g.Build(g.Conv("y", pooled, 16, 6, 1));

        (Graph moved, IReadOnlyList<string> notes) = Absorb(graph);

        string note = Assert.Single(notes);
        Assert.StartsWith("biases of 8 channels of 'high/node' move on: range 1", note, StringComparison.Ordinal);
        AssertSame(graph, moved, FloatGraph.Samples(graph, 16, seed: 7, scale: 0.5f));
        float[] before = Greatest(graph, "high"), after = Greatest(moved, "high");
        for (int c = 0; c < 8; c++)
            Assert.True(before[c] > 90 && after[c] < 30, $"{before[c]} → {after[c]}");
        Assert.Equal(Greatest(graph, "low"), Greatest(moved, "low"));
    }

    /// <summary>Without an activation the middle of each channel becomes 0, also through a sum.</summary>
    [Fact]
    public void ValuesWithoutActivationAreCentred()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 6, 6, 3);
        string sum = g.Add("sum", "Add", [Lifted(g, "a", x, -50, relu: false), Lifted(g, "b", x, 20, relu: false)]);
        Graph graph = g.Build(g.Conv("y", g.Conv("t", sum, 8, 6, 1, relu: true), 6, 6, 3));

        (Graph moved, IReadOnlyList<string> notes) = Absorb(graph);

        Assert.Equal(2, notes.Count);
        AssertSame(graph, moved, FloatGraph.Samples(graph, 16, seed: 7, scale: 3));
        foreach (string value in (string[])["a", "b", "sum"])
            Assert.All(Greatest(moved, value), high => Assert.InRange(high, 0, 30));
    }

    /// <summary>A padded reader, one that adds nothing up, a bound, an output and a rectifier that clips hold biases back.</summary>
    [Fact]
    public void BiasesStayWhereTheModelWouldChange()
    {
        AssertStays((g, a) => g.Conv("y", a, 8, 4, 3));
        AssertStays((g, a) => g.Conv("y", g.Add("s", "Sigmoid", [a]), 8, 4, 1));
        AssertStays((g, a) => g.Conv("y", g.Add("m", "Add", [a, g.Constant("c", Tensor.Scalar(1f))], n => FloatGraph.Relu(n)), 8, 4, 1));
        AssertStays((g, a) => g.Add("y", "Add", [g.Conv("z", a, 8, 8, 1), a]));
        AssertStays((g, a) => g.Conv("y", a, 8, 4, 1), lift: 0.5f);
        AssertStays((g, a) => g.Conv("y", a, 8, 4, 1), maximum: 1000);

        static void AssertStays(Func<FloatGraph, string, string> behind, float lift = 100, float maximum = float.PositiveInfinity)
        {
            var g = new FloatGraph();
            string a = g.Add("a", "Conv", [g.Input("x", 1, 6, 6, 3), g.Noise("a.w", 1, 8, 3, 1, 1), Bias(g, "a.b", lift)],
                n => FloatGraph.Relu(n.With("channels_last", 1)).With("activation_max", new AttributeValue.Float(maximum)));
            Graph graph = g.Build(behind(g, a));
            (Graph moved, IReadOnlyList<string> notes) = Absorb(graph);
            Assert.Empty(notes);
            Assert.Same(graph, moved);
        }
    }

    /// <summary>Without data β − 3γ of the batch normalisation moves: here 10 − 3·2, and nothing of a channel that is often
    /// clipped.</summary>
    [Fact]
    public void WithoutDataTheBatchNormalisationSaysWhatMoves()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 3, 6, 6);
        string a = g.Add("a", "Conv", [x, g.Noise("a.w", 1, 2, 3, 1, 1)]);
        string n = g.Add("n", "BatchNormalization",
            [a, Vector(g, "scale", 2, 2), Vector(g, "beta", 10, 1), Vector(g, "mean", 0.5f, 0), Vector(g, "variance", 3, 3)]);
        Graph imported = g.Build(g.Add("y", "Conv", [g.Add("r", "Relu", [n]), g.Noise("y.w", 1, 2, 2, 1, 1)]));
        Graph graph = PassPipeline.Run(imported, default);
        CompressionContext context = new TestContext(imported).Context(TestContext.Options with { Equalize = true });

        (Graph moved, IReadOnlyList<string> notes) = BiasAbsorption.Apply(graph, context);

        Assert.Equal(["biases of 1 channels of 'a/node' move on: range 16 to 12"], notes);
        float[] Biases(Graph of) => of.Constants[of.Nodes.First(node => node.Name == "a/node").Inputs[2]].Values<float>();
        Assert.Equal(4, Biases(graph)[0] - Biases(moved)[0], 4);
        Assert.Equal(Biases(graph)[1], Biases(moved)[1]);
        // Where no sum is less than what moved, nothing changes.
        AssertSame(graph, moved, FloatGraph.Samples(graph, 8, scale: 0.2f));
    }

    private static (Graph Graph, IReadOnlyList<string> Notes) Absorb(Graph graph) =>
        BiasAbsorption.Apply(graph, new TestContext(graph, FloatGraph.Samples(graph, 32)).Context(WithData));

    private static string Lifted(FloatGraph g, string name, string x, float lift, bool relu) => g.Add(name, "Conv",
        [x, g.Noise(name + ".w", 1, 8, 3, 1, 1), Bias(g, name + ".b", lift)], n => FloatGraph.Relu(n.With("channels_last", 1), relu));

    private static string Bias(FloatGraph g, string name, float lift) => Vector(g, name, [.. Enumerable.Range(0, 8).Select(c => lift + c)]);

    private static string Vector(FloatGraph g, string name, params float[] values) => g.Constant(name, Tensor.Of(values, values.Length));

    private static float[] Greatest(Graph graph, string value)
    {
        var evaluator = new GraphEvaluator(graph with { Outputs = [value] });
        var greatest = new float[8];
        Array.Fill(greatest, float.NegativeInfinity);
        foreach (IReadOnlyList<Tensor> sample in FloatGraph.Samples(graph, 16, seed: 7, scale: 0.5f).Samples)
            foreach ((float y, int i) in evaluator.Evaluate(sample)[0].Values<float>().Select((y, i) => (y, i)))
                greatest[i % 8] = Math.Max(greatest[i % 8], y);
        return greatest;
    }

    private static void AssertSame(Graph expected, Graph actual, SampleSet samples)
    {
        foreach (IReadOnlyList<Tensor> sample in samples.Samples)
            RandomTensors.AssertClose(
                new GraphEvaluator(expected).Evaluate(sample)[0], new GraphEvaluator(actual).Evaluate(sample)[0], 1e-4f, "y");
    }
}
