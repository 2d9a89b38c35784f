using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>Few bits, few values and many zeros, alone and together: what is asked for holds in the weights that lowering packs.</summary>
public sealed class FewWeightsTests
{
    private static readonly ModelOptions Sparse = TestContext.Options with
    {
        Sparsity = 0.75,
        SparsityPattern = SparsityPattern.Unstructured,
        CalibrationData = new DataSpec("given", "/"),
    };

    [Fact]
    public void AskedForShareOfWeightsIsZeroAndStaysZero()
    {
        Graph graph = Network();
        foreach (ModelOptions options in (ModelOptions[])
            [Sparse, Sparse with { Precision = ModelPrecision.Int4 }, Sparse with { Clusters = 6 },
                Sparse with { Precision = ModelPrecision.Int4, Clusters = 5 }, Sparse with { CalibrationData = null }])
        {
            CompressionRun run = Run(graph, options);
            Assert.Equal("Sparsification", run.Accounts[0].Technique);
            string[] layers = [.. run.Model.Graph.Nodes.Select(n => n.Inputs[1])];
            int all = layers.Sum(l => graph.Constants[l].Count), zeros = layers.Sum(l => Zeros(run.Model.Graph.Constants[l]));
            Assert.Equal(Math.Round(0.75 * all), zeros);
            GraphQuantization quantization = run.Model.Annotation<GraphQuantization>()!;
            foreach (Node node in run.Model.Graph.Nodes)
            {
                float[] weights = run.Model.Graph.Constants[node.Inputs[1]].Values<float>();
                sbyte[] integers = quantization.Weights[node.Name].Values;
                Assert.All(weights.Zip(integers).Where(w => w.First == 0), w => Assert.Equal(0, w.Second));
                Assert.Contains(integers, q => q != 0);
            }
        }

        static int Zeros(Tensor tensor) => tensor.Values<float>().Count(v => v == 0);
    }

    [Fact]
    public void WeightsThatAreLeftMakeUpForOthers()
    {
        Graph graph = Network();
        ModelOptions exact = Sparse with { Precision = ModelPrecision.Float32, Sparsity = 0.5 };
        var source = new TestContext(graph, Samples(graph));
        CompressionContext context = source.Context(exact);
        double Agreement(ModelOptions options) => context.Measure(Run(graph, options).Model, Samples(graph)).Accuracy;
        double compensated = Agreement(exact), magnitude = Agreement(exact with { CalibrationData = null });
        Assert.True(compensated > magnitude, $"agreement {magnitude} → {compensated}");
    }

    [Fact]
    public void LayersWithoutSecondMomentsAreNamed()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("short", g.Dense("long", g.Input("x", 1, 2100), 2100, 16), 16, 4));
        ModelOptions options = Sparse with { Precision = ModelPrecision.Float32 };
        Assert.EndsWith("on the calibration data; not in 'long/node', of which there are no second moments: the smallest are zero there",
            Run(graph, options).Accounts[0].Notes[0], StringComparison.Ordinal);
        Assert.EndsWith("on the calibration data", Run(Network(), options).Accounts[0].Notes[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(16)]
    public void LayersHaveFewDifferentValues(int clusters)
    {
        Graph graph = Network();
        ModelOptions options = TestContext.Options with { Clusters = clusters, CalibrationData = new DataSpec("given", "/") };
        GraphQuantization quantization = Run(graph, options).Model.Annotation<GraphQuantization>()!;
        Assert.NotEmpty(quantization.Weights);
        Assert.All(quantization.Weights.Values, w => Assert.InRange(w.Values.Distinct().Count(), 2, clusters));

        CompressedModel floats = Run(graph, options with { Precision = ModelPrecision.Float32 }).Model;
        foreach (Node node in graph.Nodes)
        {
            float[] before = graph.Constants[node.Inputs[1]].Values<float>(),
                after = floats.Graph.Constants[node.Inputs[1]].Values<float>();
            Assert.InRange(after.Distinct().Count(), 2, clusters);
            Assert.True(before.Zip(after).Sum(p => Math.Pow(p.First - p.Second, 2)) < before.Sum(v => v * v) * 0.5);
        }
        float[] shared = Quantization.Weights.SharedFloats.Shared(Tensor.Of([0f, 0f, 1f, 1.1f, -3f, 0f], 6), 3).Values<float>();
        Assert.Equal([0f, 0f, 1.05f, 1.05f, -3f, 0f], shared);
    }

    [Fact]
    public void FourBitsAreMadeUpForAndTakeHalfTheBytes()
    {
        Graph graph = Network();
        ModelOptions options = TestContext.Options with { Precision = ModelPrecision.Int4, CalibrationData = new DataSpec("given", "/") };
        CompressedModel nearest = Run(graph, options with { Rounding = WeightRounding.Nearest }).Model, walked = Run(graph, options).Model;
        foreach (CompressedModel model in (CompressedModel[])[nearest, walked])
            Assert.All(model.Annotation<GraphQuantization>()!.Weights.Values, w => Assert.All(w.Values, q => Assert.InRange(q, -7, 7)));
        double Decibels(CompressedModel model) => model.Annotation<GraphQuantization>()!.OutputSignalToNoise!.Value;
        Assert.True(Decibels(walked) > Decibels(nearest) + 1, $"{Decibels(nearest)} → {Decibels(walked)} dB");

        int Bytes(CompressedModel model, WeightCoding coding)
        {
            var blob = new WeightsBlob();
            GraphLowerer.Lower(model, new BoundaryOptions(), weights: blob);
            return WeightCoder.Code(blob, coding).Bytes.Length;
        }
        int eight = Bytes(Run(graph, TestContext.Options).Model, CodingRules.Of(TestContext.Options));
        Assert.Equal(WeightCoding.None, CodingRules.Of(TestContext.Options));
        Assert.True(Bytes(walked, CodingRules.Of(options)) < eight * 0.6);
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

    private static Graph Network()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 64);
        return g.Build(g.Dense("c", g.Dense("b", g.Dense("a", x, 64, 96, relu: true), 96, 48, relu: true), 48, 10));
    }
}
