using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Ternary and binary weights: which layers have them, with what scales, and what they take.</summary>
public sealed class SignWeightsTests
{
    private static readonly DataSpec Given = new("given", "/");

    /// <summary>No other scale of a fine grid has a smaller error, and that of binary weights is the mean magnitude.</summary>
    [Fact]
    public void ScalesAreTheBest()
    {
        QuantizableNode node = Layers(Network())[1];
        DotProductLayer layer = node.Layer!;
        for (int c = 0; c < layer.Channels; c++)
        {
            double[] weights = [.. Enumerable.Range(0, layer.Length).Select(k => (double)layer.Weights[layer.Index(c, k)])];
            Assert.Equal(weights.Average(Math.Abs), SignScales.Of(layer, c, WeightLevels.Binary, null), 1e-9);
            double best = SignScales.Of(layer, c, WeightLevels.Ternary, null), least = Error(best);
            for (double scale = 0.01; scale < 1; scale += 0.001)
                Assert.True(Error(scale) >= least - 1e-12, $"{scale} instead of {best}");

            // The rule of thumb of the paper is near it.
            double threshold = 0.7 * weights.Average(Math.Abs);
            Assert.InRange(weights.Select(Math.Abs).Where(w => w > threshold).Average(), best * 0.85, best * 1.15);

            double Error(double scale) => weights.Sum(w => Math.Pow(w - (scale * WeightLevels.Ternary.Nearest(w / scale)), 2));
        }
    }

    [Theory]
    [InlineData("Ternary", "ternary sparse", 1.6)]
    [InlineData("Binary", "signs", 1.0)]
    public void InnerLayersHaveSignsAndOuterOnesEightBits(string precision, string codes, double bits)
    {
        Graph graph = Network();
        ModelOptions options = TestContext.Options with { Precision = Enum.Parse<ModelPrecision>(precision), CalibrationData = Given };
        CompressionRun run = Run(graph, options);
        GraphQuantization quantization = run.Model.Annotation<GraphQuantization>()!;
        Assert.All(quantization.Nodes.Values, n => Assert.True(n.Integer, n.Reason));
        Assert.Equal(precision == "Ternary" ? [-1, 0, 1] : (sbyte[])[-1, 1], quantization.Weights["b/node"].Values.Distinct().Order());
        foreach (string outer in (string[])["a/node", "d/node", "e/node"])
            Assert.Contains(quantization.Weights[outer].Values, v => Math.Abs(v) > 7);
        Assert.Contains($"1 layers with {precision.ToLowerInvariant()} weights; of 8 bits: 'a/node', 'd/node', 'e/node'",
            run.Accounts.Single(a => a.Technique == "Quantization").Notes);

        var blob = new WeightsBlob();
        LoweredModel lowered = GraphLowerer.Lower(run.Model, new BoundaryOptions(), weights: blob);
        StoredWeights stored = WeightCoder.Code(blob, CodingRules.Of(options));
        WeightSection section = lowered.Sections.Single(s => s.Node == "b/node");
        StoredSection coded = stored.Of(section.Offset, section.Bytes)!;
        Assert.Contains(coded.Code, codes.Split(' '));
        Assert.InRange(coded.Bytes, 1, (section.Bytes * bits / 8) + 64);
    }

    [Fact]
    public void RulesForSingleLayersHold()
    {
        Graph graph = Network();
        GraphQuantization mixed = Run(graph, TestContext.Options with
        {
            Precision = ModelPrecision.Binary,
            CalibrationData = Given,
            Layers = LayerRules.Parse("a/*:Ternary; b/*:Int4; e/*:Binary")!,
        }).Model.Annotation<GraphQuantization>()!;
        Assert.Equal([WeightLevels.Ternary, WeightLevels.Bits4, WeightLevels.Bits8, WeightLevels.Binary],
            mixed.Weights.Values.Select(w => WeightLevels.Fewest(w.Values)));
    }

    /// <summary>A model that was trained with such weights keeps them, in its outer layers as well.</summary>
    [Fact]
    public void SignsThatAreThereAlreadyLoseNothing()
    {
        Graph graph = Network(signs: true);
        foreach (ModelPrecision precision in (ModelPrecision[])[ModelPrecision.Ternary, ModelPrecision.Binary])
        {
            CompressionRun run = Run(graph, TestContext.Options with { Precision = precision });
            foreach ((string name, WeightQuantization weights) in run.Model.Annotation<GraphQuantization>()!.Weights)
            {
                float[] values = graph.Constants[graph.Nodes.Single(n => n.Name == name).Inputs[1]].Values<float>();
                Assert.Equal(values.Select(Math.Sign), weights.Values.Select(v => (int)v));
            }
        }
    }

    [Fact]
    public void SignsAreMadeUpFor()
    {
        Graph graph = Network();
        foreach (ModelPrecision precision in (ModelPrecision[])[ModelPrecision.Ternary, ModelPrecision.Binary])
        {
            ModelOptions options = TestContext.Options with { Precision = precision, CalibrationData = Given };
            double nearest = Decibels(options with { Rounding = WeightRounding.Nearest }), walked = Decibels(options);
            Assert.True(walked > nearest + 0.5, $"{precision}: {nearest} → {walked} dB");
        }

        double Decibels(ModelOptions options) =>
            Run(graph, options).Model.Annotation<GraphQuantization>()!.Nodes["b/node"].SignalToNoise!.Value;
    }

    private static CompressionRun Run(Graph graph, ModelOptions options) =>
        CompressionTechniques.Run(new(graph), new TestContext(graph, Samples(graph)).Context(options));

    // Inputs that depend on one another, as those of real layers do.
    private static SampleSet Samples(Graph graph)
    {
        SampleSet noise = FloatGraph.Samples(graph, 160);
        foreach (IReadOnlyList<Tensor> sample in noise.Samples)
        {
            float[] x = sample[0].Values<float>();
            for (int i = 1; i < x.Length; i++)
                x[i] = (0.9f * x[i - 1]) + (0.4f * x[i]);
        }
        return noise;
    }

    private static QuantizableNode[] Layers(Graph graph) => [.. new QuantizableGraph(graph).Nodes.Where(n => n.Layer is not null)];

    // A first layer, two behind it of which one is depthwise, and a last one. With signs every weight is one of a scale of its channel.
    private static Graph Network(bool signs = false)
    {
        var g = new FloatGraph();
        string x = g.Conv("a", g.Input("x", 1, 4, 4, 8), 8, 16, 1, relu: true);
        x = g.Conv("b", x, 16, 36, 3, relu: true);
        x = g.Conv("d", x, 36, 36, 3, relu: true, groups: 36);
        x = g.Add("flat", "Reshape", [x, g.Constant("shape", Tensor.Of([1L, 36 * 16], 2))]);
        Graph graph = g.Build(g.Dense("e", x, 36 * 16, 10));
        return !signs ? graph : graph with
        {
            Constants = graph.Constants.SetItems(graph.Constants.Where(c => c.Key.EndsWith(".w", StringComparison.Ordinal))
                .Select((c, i) => KeyValuePair.Create(c.Key, Tensor.Of(
                    [.. c.Value.Values<float>().Select(v => MathF.CopySign(0.25f + (i * 0.125f), v))], c.Value.Dimensions.AsSpan())))),
        };
    }
}
