using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Graphs;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Passes;

/// <summary>Drawn graphs through the passes.</summary>
public sealed class RandomGraphTests
{
    [Fact]
    public void RandomGraphsComputeTheSame() => PropertyCheck.Holds(GraphDescription.All, d => Check(d, null), 600);

    [Fact]
    public void RandomGraphsComputeTheSameWithAnyPassTurnedOff()
    {
        Gen<(GraphDescription, int)> drawn =
            from description in GraphDescription.All.Generator
            from off in Gen.Choose(0, PassPipeline.All.Length - 1)
            select (description, off);
        PropertyCheck.Holds(
            Arb.From(drawn, large => GraphDescription.All.Shrinker(large.Item1).Select(d => (d, large.Item2))),
            d => Check(d.Item1, PassPipeline.All[d.Item2].Name), 300);
    }

    [Fact]
    public void RandomGraphsGiveThePassesWorkToDo()
    {
        var acted = PassPipeline.All.ToDictionary(p => p.Name, _ => 0);
        PropertyCheck.Holds(GraphDescription.All, description =>
        {
            Graph graph = description.Build();
            for (int round = 0; round < 3; round++)
            {
                foreach (IGraphPass pass in PassPipeline.All)
                {
                    Graph after = pass.Apply(graph);
                    acted[pass.Name] += ReferenceEquals(after, graph) ? 0 : 1;
                    graph = after;
                }
            }
        }, 600, seed: 2);
        // Written-out softmax, one-hot encodings, sums, loops and levels have no place in the generator; PassCases has them.
        string[] rare =
        [
            nameof(ConstantFolding), nameof(ConcatSlicing), nameof(SoftmaxRecognition), nameof(EmbeddingRecognition),
                nameof(EmbeddingFolding), nameof(MeanRecognition),
            nameof(LayerNormalizationRecognition), nameof(FakeQuantizeRecognition), nameof(DynamicQuantizationRecognition),
                nameof(RecurrentRecognition),
        ];
        Assert.DoesNotContain(acted, a => a.Value == 0 && !rare.Contains(a.Key));
    }

    private static void Check(GraphDescription description, string? off)
    {
        Graph graph = description.Build();
        Graph rewritten = PassPipeline.Run(graph, off: off is null ? null : new HashSet<string> { off });
        PassTests.AssertConsistent(rewritten, mayHaveDeadNodes: off == nameof(DeadCodeRemoval));
        PassTests.AssertSame(
            graph, rewritten, Enumerable.Range(0, 3).Select(i => description.Sample(graph, i)), 1e-3f, $"without {off}");
        if (off is null)
            Assert.Same(rewritten, PassPipeline.Run(rewritten));
    }
}
