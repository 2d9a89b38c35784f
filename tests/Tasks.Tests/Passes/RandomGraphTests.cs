using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

public sealed class RandomGraphTests
{
    [Fact]
    public void RandomGraphsComputeTheSame() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed => Check(seed,
            null)).Check(Config.QuickThrowOnFailure.WithMaxTest(600));

    [Fact]
    public void RandomGraphsComputeTheSameWithAnyPassTurnedOff() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), Gen.Choose(0, PassPipeline.All.Length - 1).ToArbitrary(), (seed, off) =>
            Check(seed, PassPipeline.All[off].Name)).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Fact]
    public void RandomGraphsGiveThePassesWorkToDo()
    {
        var acted = PassPipeline.All.ToDictionary(p => p.Name, _ => 0);
        for (int seed = 0; seed < 300; seed++)
        {
            Graph graph = RandomGraph.Make(seed);
            for (int round = 0; round < 3; round++)
            {
                foreach (IGraphPass pass in PassPipeline.All)
                {
                    Graph after = pass.Apply(graph);
                    acted[pass.Name] += ReferenceEquals(after, graph) ? 0 : 1;
                    graph = after;
                }
            }
        }
        // Written-out softmax, one-hot encodings and sums have no place in the generator; PassCases has them.
        string[] rare =
        [
            nameof(ConstantFolding), nameof(ConcatSlicing), nameof(SoftmaxRecognition), nameof(EmbeddingRecognition),
                nameof(EmbeddingFolding), nameof(MeanRecognition),
            nameof(LayerNormalizationRecognition),
        ];
        Assert.DoesNotContain(acted, a => a.Value == 0 && !rare.Contains(a.Key));
    }

    private static void Check(int seed, string? off)
    {
        Graph graph = RandomGraph.Make(seed);
        Graph rewritten = PassPipeline.Run(graph, off: off is null ? null : new HashSet<string> { off });
        PassTests.AssertConsistent(rewritten, mayHaveDeadNodes: off == nameof(DeadCodeRemoval));
        PassTests.AssertSame(graph, rewritten, 1e-3f, $"seed {seed} without {off}");
        if (off is null)
            Assert.Same(rewritten, PassPipeline.Run(rewritten));
    }
}
