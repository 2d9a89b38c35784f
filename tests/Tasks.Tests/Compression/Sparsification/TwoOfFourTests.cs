using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>Two of each four neighbouring weights are zero.</summary>
public sealed class TwoOfFourTests
{
    private static readonly ModelOptions Pairs = TestContext.Options with
    {
        SparsityPattern = SparsityPattern.TwoOfFour,
        CalibrationData = new DataSpec("given", "/"),
    };

    [Fact]
    public void TwoOfEachFourAreZeroAndStayZeroWithOtherTechniques()
    {
        Graph graph = Network();
        foreach (ModelOptions options in (ModelOptions[])
            [Pairs, Pairs with { Precision = ModelPrecision.Int4 }, Pairs with { Clusters = 6 }, Pairs with { CalibrationData = null },
                Pairs with { PruningCriterion = PruningCriterion.Magnitude }, Pairs with { Precision = ModelPrecision.Float32 }])
        {
            CompressionRun run = Run(graph, options);
            TechniqueAccount account = run.Accounts.Single(a => a.Technique == "TwoOfFourSparsification");
            Assert.Contains("dense stay 'first/node': their weights do not fill blocks", account.Notes);
            foreach (string name in (string[])["body/node", "head/node"])
            {
                PrunableLayer layer = PrunableLayer.Of(run.Model.Graph, run.Model.Graph.Nodes.Single(n => n.Name == name))!;
                for (int c = 0; c < layer.Layer.Channels; c++)
                    foreach (int[] quad in layer.Blocks!.Quads)
                        Assert.InRange(quad.Count(k => layer.Layer.Weights[layer.Layer.Index(c, k)] == 0), 2, 4);
                if (options.Clusters is null)
                    Assert.Equal(layer.Count / 2, layer.Zeros);
            }
        }
    }

    [Fact]
    public void PairsTakeSevenTwelfthsOfTheBytes()
    {
        var blob = new WeightsBlob();
        LoweredModel lowered = GraphLowerer.Lower(
            Run(Network(), Pairs with { Precision = ModelPrecision.Int8 }).Model, new BoundaryOptions(), weights: blob);
        StoredWeights stored = WeightCoder.Code(blob, CodingRules.Of(Pairs));
        var head = lowered.Sections.Single(s => s.Node == "head/node");
        StoredSection section = stored.Of(head.Offset, head.Bytes)!;
        Assert.Equal("2:4", section.Code);
        Assert.InRange(section.Bytes, 1, (head.Bytes * 7 / 12) + 8);
    }

    [Fact]
    public void WeightsThatAreLeftMakeUpForOthers()
    {
        Graph graph = Network();
        ModelOptions exact = Pairs with { Precision = ModelPrecision.Float32 };
        var source = new TestContext(graph, Samples(graph));
        CompressionContext context = source.Context(exact);
        double Agreement(ModelOptions options) => context.Measure(Run(graph, options).Model, Samples(graph)).Accuracy;
        double compensated = Agreement(exact), magnitude = Agreement(exact with { PruningCriterion = PruningCriterion.Magnitude });
        Assert.True(compensated > magnitude, $"agreement {magnitude} → {compensated}");
    }

    private static CompressionRun Run(Graph graph, ModelOptions options) =>
        CompressionTechniques.Run(new(graph), new TestContext(graph, Samples(graph)).Context(options));

    private static SampleSet Samples(Graph graph) => FloatGraph.Samples(graph, 96);

    private static Graph Network()
    {
        var g = new FloatGraph();
        string x = g.Conv("first", g.Input("x", 1, 4, 4, 1), 1, 8, 3, relu: true);
        x = g.Conv("body", x, 8, 16, 3, relu: true);
        x = g.Add("flat", "Reshape", [x, g.Constant("shape", Tensor.Of([1L, 16 * 16], 2))]);
        return g.Build(g.Dense("head", x, 16 * 16, 16));
    }
}
