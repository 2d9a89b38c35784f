using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Layers of equal weights, and of multiples of them, are stored once though each reads other values.</summary>
public sealed class EqualLayersTests
{
    [Fact]
    public void LayersOfEqualWeightsAreFound()
    {
        Graph graph = Network();
        var candidates = new QuantizableGraph(graph);
        var equal = new EqualLayers(candidates);
        Assert.Equal(
            ["a/node: ", "b/node: a/node 1", "c/node: a/node 2.5", "d/node: ", "e/node: ", "f/node: "],
            candidates.Nodes.Select(n => $"{n.Node.Name}: " + (equal.OriginalOf(n) is { } original
                ? FormattableString.Invariant($"{original.Layer.Node.Name} {original.Factor:G3}") : "")));
    }

    [Theory]
    [InlineData("Auto")]
    [InlineData("Int4")]
    [InlineData("Float32")]
    public void TheirWeightsAreStoredOnce(string precision)
    {
        Graph graph = Network();
        ModelOptions options = TestContext.Options with
        {
            Precision = Enum.Parse<ModelPrecision>(precision),
            CalibrationData = new DataSpec("given", "/"),
        };
        CompressedModel model = CompressionTechniques
            .Run(new(graph), new TestContext(graph, FloatGraph.Samples(graph, 512)).Context(options)).Model;
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        int Place(string layer) => lowered.Sections.Single(s => s.Node == layer + "/node").Offset;
        Assert.Equal(Place("a"), Place("b"));
        Assert.Equal(precision != "Float32", Place("a") == Place("c"));
        Assert.Equal(4, lowered.Sections.Select(s => s.Offset).Distinct().Count() - (precision == "Float32" ? 1 : 0));

        TechniqueAccount account = Assert.Single(SharedWeights.Account(ModelSize.Of(model), lowered.Sections));
        int bytes = lowered.Sections[0].Bytes;
        string others = precision == "Float32" ? "'b/node'" : "'b/node', 'c/node'";
        Assert.Equal(
            [
                $"{bytes * others.Split(',').Length} bytes of packed weights that would be stored again",
                $"those of 'a/node' ({bytes} bytes) serve {others}",
            ],
            account.Notes);
        Assert.Empty(SharedWeights.Account(ModelSize.Of(model), lowered.Sections.Take(1)));

        // What they share costs little.
        if (precision == "Auto")
            Assert.All(model.Annotation<GraphQuantization>()!.Nodes.Values, n => Assert.InRange(n.SignalToNoise!.Value, 35, 100));
    }

    // a, b and c have the same weights, c two and a half times as great; d has one that differs, e other signs, f another shape.
    private static Graph Network()
    {
        var g = new FloatGraph();
        string x = g.Dense("a", g.Input("x", 1, 32), 32, 32, relu: true);
        float[] weights = g.Build().Constants["a.w"].Values<float>();
        float[] other = [.. weights];
        other[77] += 0.01f;
        x = Layer("b", x, weights);
        x = Layer("c", x, [.. weights.Select(w => 2.5f * w)]);
        x = Layer("d", x, other);
        x = Layer("e", x, [.. weights.Select(w => -w)]);
        return g.Build(g.Dense("f", x, 32, 8));

        string Layer(string name, string input, float[] values) => g.Add(name, "Gemm",
            [input, g.Constant(name + ".w", Tensor.Of(values, 32, 32)), g.Noise(name + ".b", 0.1, 32)],
            n => FloatGraph.Relu(n.With("transB", 1)));
    }
}
