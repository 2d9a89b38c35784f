using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Training;
using static OptimizerBuild.Compression.Recovery.RecoveryNetwork;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>What is learned from, and what judges.</summary>
public sealed class RecoveryDataTests
{
    /// <summary>Training on varied samples gives the same on one thread and on several, and something else than on those given.</summary>
    [Fact]
    public void VariedSamplesAreTheSameInEveryBuild()
    {
        var g = new FloatGraph();
        string flat = g.Add("flat", "Reshape", [g.Input("x", 1, 1, 6, 4), g.Constant("shape", Tensor.Of([1L, 24], 2))]);
        Graph graph = g.Build(g.Dense("c", g.Dense("a", flat, 24, 32, relu: true), 32, 6));
        ModelOptions options = Item with
        {
            Sparsity = 0.7, Precision = ModelPrecision.Float32, RecoverySteps = 30,
            Augment = Augmentation.Parse("Shift=1;Flip;TimeMask=2;Mixup=0.3"),
        };
        Graph one = Run(graph, options, out _).Model.Graph;
        Assert.True(one.SameAs(Run(graph, options, out _).Model.Graph));
        Assert.False(one.SameAs(Run(graph, options with { Augment = null }, out _).Model.Graph));
    }

    /// <summary>Mixing needs another sample in the same run: where there is none, whoever asked for it hears so; others do not.</summary>
    [Theory]
    [InlineData(2, 300, "cannot be run together")]
    [InlineData(1, 10, "it needs 16 samples to learn from, and there are 9")]
    public void MixingThatCannotBeIsSaid(int rows, int count, string expected)
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("c", g.Dense("a", g.Input("x", rows, 24), 24, 32, relu: true), 32, 6));
        ModelOptions options = Item with { Sparsity = 0.7, Precision = ModelPrecision.Float32, RecoverySteps = 2 };
        CompressionRun Of(string? terms) => CompressionTechniques.Run(
            new(PassPipeline.Run(graph)), new TestContext(graph, Samples(graph, 3, count)).Context(
                options with { Augment = terms is null ? null : Augmentation.Parse(terms) }));
        ModelException error = Assert.Throws<ModelException>(() => Of("Mixup=0.3"));
        Assert.Equal("OPT0077", error.Diagnostics[0].Descriptor.Code);
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        foreach (string? terms in (string?[])[null, "Mixup=0", "None"])
            Assert.Contains(Of(terms).Accounts, a => a.Technique == "Recovery");
    }

    /// <summary>Classes along another axis than the last are compared as classes, each place of a map by itself.</summary>
    [Fact]
    public void ClassesOfPlacesAreClasses()
    {
        var g = new FloatGraph();
        string dense = g.Dense("a", g.Input("x", 1, 8), 8, 12);
        string scores = g.Add("scores", "Reshape", [dense, g.Constant("shape", Tensor.Of([1L, 3, 2, 2], 4))]);
        Graph graph = PassPipeline.Run(g.Build(g.Add("p", "Softmax", [scores], n => n.With("axis", 1))));
        ValueMatch match = Assert.Single(ValueMatch.Of(graph, graph, 3), m => m.IsOutput);
        Assert.Equal((true, 1), (match.IsClasses, match.Axis));
        Assert.NotEqual(graph.Outputs[0], match.Student);

        Graph other = graph with { Constants = graph.Constants.SetItem("a.b", Tensor.Of(new float[12], 12)) };
        Assert.NotEqual(other.Constants["a.b"].Values<float>(), graph.Constants["a.b"].Values<float>());
        var objective = new RecoveryObjective(other, graph, new(Samples(graph, 3, 40), 3), [match], 1);
        ITrainingObjective.IPass pass = objective.NewPass();
        var tape = new GradientTape<float>(other, ["a.b"], objective.Seeded);
        tape.Forward(pass.Inputs([0], null));
        var seeds = new Dictionary<string, float[]>();
        double loss = pass.Measure(tape, 1, seeds).Loss;
        float[] seed = [.. seeds[match.Student]];
        float[] logits = tape.Value(match.Student).Values<float>();
        for (int i = 0; i < 12; i++)
        {
            float at = logits[i];
            logits[i] = at + 0.01f;
            double above = pass.Measure(tape, 1, null).Loss;
            logits[i] = at - 0.01f;
            double below = pass.Measure(tape, 1, null).Loss;
            logits[i] = at;
            Assert.Equal((above - below) / 0.02, seed[i], 3);
        }
        Assert.True(loss > 0);
        for (int place = 0; place < 4; place++)
            Assert.Equal(0, Enumerable.Range(0, 3).Sum(c => seed[(c * 4) + place]), 5);
    }

    [Fact]
    public void LabelsOfTheDataCount()
    {
        Graph graph = Network(classes: true);
        SampleSet samples = Samples(graph, 3, 400);
        var evaluator = new Operators.GraphEvaluator(graph);
        long[] labels = [.. samples.Samples.Select(s => evaluator.Evaluate(s)[0].Values<float>())
            .Select(y => (long)Array.IndexOf(y, y.Max()))];
        ModelOptions options = Item with { Sparsity = 0.7, Precision = ModelPrecision.Float32, Task = ModelTask.Classification };
        var source = new TestContext(graph, samples with { Labels = Tensor.Of(labels, labels.Length) });
        CompressionRun run = CompressionTechniques.Run(new(graph), source.Context(options));
        Assert.Contains("with labels", Assert.Single(run.Accounts, a => a.Technique == "Recovery").Notes[0], StringComparison.Ordinal);
    }

    /// <summary>Of one file every other sample is learned from, and the others judge.</summary>
    [Fact]
    public void OneFileForBothIsDivided()
    {
        using var files = new DataFiles();
        var imported = new Onnx.ImportedModel(Network(), "m.onnx", "", 0, 0, [], []);
        float[] x = [.. Enumerable.Range(0, 20 * 24).Select(i => (float)(i / 24))];
        string path = files.Write("both.npz", DataFiles.Npz(System.IO.Compression.CompressionLevel.Fastest,
            ("x.npy", DataFiles.Npy(x, "<f4", "(20, 24)")),
            ("y.npy", DataFiles.Npy([.. Enumerable.Range(0, 20).Select(i => (long)(i % 6))], "<i8", "(20,)"))));
        var spec = new DataSpec(Path.GetFileName(path), files.Folder);
        foreach (ModelOptions options in (ModelOptions[])[Item with { EvaluationData = spec, CalibrationData = null },
            Item with { EvaluationData = spec, CalibrationData = spec }])
        {
            var samples = new Pipeline.ItemSamples(options, imported, default);
            float[] learned = First(samples.Training()!), judged = First(samples.Evaluation()!), calibrated = First(samples.Calibration());
            Assert.Equal([.. Enumerable.Range(0, 10).Select(i => 2f * i)], learned);
            Assert.Equal([.. Enumerable.Range(0, 10).Select(i => (2f * i) + 1)], judged);
            Assert.Equal([1, 3, 5, 1, 3, 5, 1, 3, 5, 1], samples.Evaluation()!.Labels!.ToInt64());
            Assert.Empty(calibrated.Intersect(judged));
            Assert.False(samples.Calibration().IsFromEvaluation);

            // A recipe, whose candidates are not trained, looks at those that are learned from and no others.
            Assert.Equal(learned, First(samples.Whole()!));
            Assert.Null(samples.Whole()!.Labels);
            Assert.Equal("OPT0070", samples.Training()!.Diagnostics[^1].Descriptor.Code);
            var plain = new Pipeline.ItemSamples(options with { Recovery = false }, imported, default);
            Assert.Equal(20, plain.Evaluation()!.Samples.Count);
        }

        static float[] First(SampleSet set) => [.. set.Samples.Select(s => s[0].Values<float>()[0])];
    }
}
