using OptimizerBuild.Compression;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Evaluation;

/// <summary>Plans whose outputs show what memory held before. Tests that run plans check theirs (<see cref="Plans.Execute"/>).</summary>
public sealed class MemoryVerifierTests
{
    [Fact]
    public void APlanThatWritesAllIsRight() => MemoryVerifier.Verify(Executor(s => s));

    [Fact]
    public void AnOutputThatNoStepWritesIsFound() =>
        Assert.Contains("output 'y'",
            Assert.Throws<InvalidOperationException>(() => MemoryVerifier.Verify(Executor(_ => []))).Message, StringComparison.Ordinal);

    [Fact]
    public void APartThatNoStepWritesIsFound()
    {
        string message = Assert.Throws<InvalidOperationException>(() => MemoryVerifier.Verify(Executor(s => [.. s.SkipLast(1)]))).Message;

        Assert.Contains("output 'y' depends on memory that no step wrote, from its byte 8 on", message, StringComparison.Ordinal);
    }

    // Two inputs side by side, each copied by a step of its own.
    private static PlanExecutor Executor(Func<PlanStep[], PlanStep[]> steps)
    {
        Graph graph = new ModelBuilder().Input("a", 1, 2).Input("b", 1, 3).Node("Concat", "a,b", "y", ("axis", 1)).Output("y").Import();
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions());
        PlanStep[] all = [.. lowered.Steps];
        Assert.Equal(2, all.Length);
        return new(Plans.Of(lowered) with { Steps = new(steps(all)) }, lowered.Weights);
    }
}
