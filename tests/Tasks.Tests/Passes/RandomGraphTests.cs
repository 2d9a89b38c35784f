using FsCheck;
using FsCheck.Fluent;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Passes;

public sealed class RandomGraphTests
{
    [Fact]
    public void RandomGraphsComputeTheSame() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), seed => Check(seed, null)).Check(Config.QuickThrowOnFailure.WithMaxTest(600));

    [Fact]
    public void RandomGraphsComputeTheSameWithAnyPassTurnedOff() =>
        Prop.ForAll(Gen.Choose(0, int.MaxValue).ToArbitrary(), Gen.Choose(0, PassPipeline.All.Length - 1).ToArbitrary(), (seed, off) =>
            Check(seed, PassPipeline.All[off].Name)).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static void Check(int seed, string? off)
    {
        Graph graph = RandomGraph.Make(seed);
        Graph rewritten = PassPipeline.Run(graph, off: off is null ? null : new HashSet<string> { off });
        PassTests.AssertConsistent(rewritten);
        PassTests.AssertSame(graph, rewritten, 1e-3f, $"seed {seed} without {off}");
        if (off is null)
            Assert.Same(rewritten, PassPipeline.Run(rewritten));
    }
}
