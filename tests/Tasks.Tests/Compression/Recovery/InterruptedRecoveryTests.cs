using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Training;
using static OptimizerBuild.Compression.Recovery.RecoveryNetwork;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>Trainings that are stopped, and go on.</summary>
public sealed class InterruptedRecoveryTests
{
    [Fact]
    public void TimeStopsTheBuildAndChangesNothing()
    {
        Graph graph = Network();
        ModelOptions options = Item with { Sparsity = 0.7, Precision = ModelPrecision.Float32, MaxBuildMinutes = 1e-7 };
        var kept = new Kept();
        var source = new TestContext(graph, Samples(graph, 3, 300));
        var lowering = new Pipeline.TrialLowering(graph, new() { Interface = graph, Adaptation = InputAdaptation.Of(options) });
        var context = new CompressionContext(options, new Teacher(graph), source, lowering, source, default) { Checkpoints = kept };
        ModelException error = Assert.Throws<ModelException>(() => CompressionTechniques.Run(new(graph), context));
        Assert.Equal("OPT0071", error.Diagnostics[0].Descriptor.Code);
        Assert.NotEmpty(kept.States);
    }

    /// <summary>The minutes of a build are those of all of its contexts.</summary>
    [Fact]
    public void TheBuildBeginsOnce()
    {
        Graph graph = Network();
        var source = new TestContext(graph, Samples(graph, 3, 100));
        CompressionContext first = source.Context(Item with { MaxBuildMinutes = 5, RecoverySteps = 2, Sparsity = 0.5 });
        CompressionContext late = new(first.Options, first.Teacher, source,
            new Pipeline.TrialLowering(graph, new() { Interface = graph, Adaptation = InputAdaptation.Of(first.Options) }), source, default)
        {
            Beginning = first.Beginning - (6 * 60 * System.Diagnostics.Stopwatch.Frequency),
        };
        _ = CompressionTechniques.Run(new(graph), first);
        Assert.Equal("OPT0071",
            Assert.Throws<ModelException>(() => CompressionTechniques.Run(new(graph), late)).Diagnostics[0].Descriptor.Code);
    }

    /// <summary>Stopped, or killed, while weights become zero or later, a build that is started again gives the same.</summary>
    [Theory]
    [InlineData(0.1, 0.3)]
    [InlineData(0.4, 0.7)]
    public void InterruptedBuildsGoOnToTheSame(double stopped, double killed)
    {
        Graph graph = Network();
        ModelOptions options = Item with { Sparsity = 0.7, Precision = ModelPrecision.Int8, RecoverySteps = 1000 };
        CompressionRun whole = Run(graph, options, out _);
        var kept = new Kept();
        Assert.Throws<OperationCanceledException>(() => Interrupted(stopped, kept));
        byte[] state = Assert.Single(kept.States).Value;

        // What a build learns after its last state is lost with it.
        var lost = new Kept();
        lost.States[kept.States.Keys.Single()] = state;
        Assert.Throws<OperationCanceledException>(() => Interrupted(killed, lost));
        Assert.NotEqual(state, lost.States[kept.States.Keys.Single()]);
        CompressionRun again = Interrupted(2, kept);
        Assert.Equal(2, kept.States.Count);
        Assert.True(whole.Model.Graph.SameAs(again.Model.Graph));
        foreach ((string node, WeightQuantization weights) in whole.Model.Annotation<GraphQuantization>()!.Weights)
        {
            Assert.Equal(weights.Values, again.Model.Annotation<GraphQuantization>()!.Weights[node].Values);
            Assert.Equal(weights.Scales, again.Model.Annotation<GraphQuantization>()!.Weights[node].Scales);
        }

        CompressionRun Interrupted(double at, ITrainingCheckpoints checkpoints)
        {
            using var source = new CancellationTokenSource();
            var samples = new TestContext(graph, Samples(graph, 3, 1600));
            var lowering = new Pipeline.TrialLowering(graph, new() { Interface = graph, Adaptation = InputAdaptation.Of(options) });
            var context = new CompressionContext(
                options, new Teacher(graph), samples, lowering, new Interruption(source, "Recovery", at), source.Token)
            {
                Checkpoints = checkpoints,
            };
            return CompressionTechniques.Run(new(PassPipeline.Run(graph)), context);
        }
    }

    private sealed class Interruption(CancellationTokenSource source, string technique, double at) : IBuildProgress
    {
        public void Report(string name, double fraction, string text)
        {
            if (name == technique && fraction >= at)
                source.Cancel();
        }
    }

    private sealed class Kept : ITrainingCheckpoints
    {
        public Dictionary<string, byte[]> States { get; } = [];

        public byte[]? Load(string fingerprint) => States.GetValueOrDefault(fingerprint);

        public void Save(string fingerprint, byte[] state) => States[fingerprint] = state;
    }
}
