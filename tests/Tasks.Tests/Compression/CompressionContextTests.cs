using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Lowering;
using OptimizerBuild.Options;
using OptimizerBuild.Pipeline;
using OptimizerBuild.Plan;

namespace OptimizerBuild.Compression;

public sealed class CompressionContextTests
{
    private static readonly ModelOptions Float32 = TestContext.Options with { Precision = ModelPrecision.Float32 };

    [Fact]
    public void TechniquesAreFoundAndStandInOneOrder()
    {
        Assert.Equal(
            [
                "Student", "LowRank", "ChannelPruning", "Folding", "Equalization", "Sparsification", "BlockSparsification",
                "TwoOfFourSparsification", "Recovery", "LeafRounding", "Quantization", "Reconstruction",
                "Recovery of rounded weights",
            ],
            CompressionTechniques.All.Select(t => t.Name));
        Assert.Equal(CompressionTechniques.All.Length, CompressionTechniques.All.Select(t => t.Stage).Distinct().Count());
        Assert.Equal(["LeafRounding", "Quantization"],
            CompressionTechniques.All.Where(t => t.IsOn(TestContext.Options)).Select(t => t.Name));
        Assert.Equal(["Equalization", "LeafRounding", "Quantization"],
            CompressionTechniques.All.Where(t => t.IsOn(TestContext.Options with { Equalize = true })).Select(t => t.Name));
        Assert.Equal(["ChannelPruning", "LeafRounding", "Quantization"], CompressionTechniques.All.Where(t => t.IsOn(
            TestContext.Options with { Sparsity = 0.3, SparsityPattern = SparsityPattern.Channel })).Select(t => t.Name));
        Assert.Equal(["Recovery", "LeafRounding", "Quantization", "Recovery of rounded weights"],
            CompressionTechniques.All.Where(t => t.IsOn(TestContext.Options with { Recovery = true })).Select(t => t.Name));
        Assert.Equal(["BlockSparsification", "LeafRounding", "Quantization"], CompressionTechniques.All.Where(t => t.IsOn(
            TestContext.Options with { Sparsity = 0.3, SparsityPattern = SparsityPattern.Block })).Select(t => t.Name));
        Assert.Equal(["Folding", "LeafRounding", "Quantization"],
            CompressionTechniques.All.Where(t => t.IsOn(TestContext.Options with { Fold = 0.3 })).Select(t => t.Name));
    }

    [Fact]
    public void DataAreReadWhenATechniqueAsksForThemAndOnlyOnce()
    {
        Graph graph = Classifier();
        var none = new TestContext(graph);
        CompressionTechniques.Run(new(graph), none.Context(Float32 with { Equalize = true }));
        Assert.Equal((0, 0), (none.Calibrations, none.Evaluations));

        var some = new TestContext(graph, FloatGraph.Samples(graph, 8));
        CompressionContext context = some.Context();
        CompressionTechniques.Run(new(graph), context);
        Assert.Same(context.Calibration, context.Calibration);
        // Quantisation asks whether the evaluation data have class labels, whose accuracy judges it.
        Assert.Equal((1, 1), (some.Calibrations, some.Evaluations));
    }

    [Fact]
    public void TheAccountSaysWhatEachTechniqueDid()
    {
        Graph graph = Classifier();
        var source = new TestContext(graph, FloatGraph.Samples(graph, 8));
        CompressionRun run = CompressionTechniques.Run(new(graph), source.Context(TestContext.Options with { Equalize = true }));

        Assert.Equal(["Equalization", "Quantization"], run.Accounts.Select(a => a.Technique));
        const int Weights = (16 * 8) + (10 * 16), Biases = 16 + 10;
        Assert.Equal(new ModelSize((Weights + Biases) * 4, Weights, Weights + Biases), run.Accounts[0].Before);
        Assert.Equal(run.Accounts[0].Before, run.Accounts[0].After);
        Assert.Equal(new ModelSize(Weights + (Biases * 4), Weights, Weights + Biases), run.Accounts[1].After);
        Assert.Contains("1 groups of layers equalised", run.Accounts[0].Notes[0], StringComparison.Ordinal);
        Assert.Contains("100.0 % of the multiply-accumulates in integers", run.Accounts[1].Notes[0], StringComparison.Ordinal);
        Assert.Contains(("Equalization", 1.0), source.Reports);
        Assert.Contains(source.Reports, r => r is { Step: "Quantization", Fraction: > 0 and < 1 });
    }

    [Fact]
    public void TheTeacherAnswersOnceWithinItsMemory()
    {
        Graph graph = Classifier();
        SampleSet samples = FloatGraph.Samples(graph, 300);
        Tensor[][] expected = new GraphEvaluator(graph).EvaluateMany(samples.Samples);

        var all = new Teacher(graph);
        var some = new Teacher(graph, maximumBytes: 100 * 10 * sizeof(float));
        foreach (Teacher teacher in (Teacher[])[all, some])
            for (int pass = 0; pass < 2; pass++)
                Assert.Equal(expected.Select(o => o[0].Values<float>()),
                    teacher.Batches(samples, default).SelectMany(b => b.Outputs).Select(o => o[0].Values<float>()));
        Assert.Equal(300, all.Evaluations);
        Assert.Equal(300 + 200, some.Evaluations);
        Assert.Throws<OperationCanceledException>(() => all.Batches(samples, new CancellationToken(true)).Count());
    }

    [Fact]
    public void AModelIsMeasuredWithLabelsAndWithout()
    {
        Graph graph = Classifier();
        SampleSet calibration = FloatGraph.Samples(graph, 16);
        // Labels that are the teacher's own choice but for every fourth.
        SampleSet judged = FloatGraph.Samples(graph, 64, seed: 2);
        long[] labels = [.. new GraphEvaluator(graph).EvaluateMany(judged.Samples).Select((o, i) =>
        {
            float[] scores = o[0].Values<float>();
            int best = Array.IndexOf(scores, scores.Max());
            return (long)(i % 4 == 0 ? (best + 1) % 10 : best);
        })];
        var with = new TestContext(graph, calibration, judged with { Labels = Tensor.Of(labels, labels.Length) });
        CompressionContext context = with.Context();

        Measurement original = context.Measure(new(graph));
        Assert.Equal(("Top-1", 0.75, 0.75, 64), (original.Metric, original.Accuracy, original.TeacherAccuracy, original.Samples));
        Assert.Equal(0, original.Drop);
        CompressedModel quantised = CompressionTechniques.Run(new(graph), context).Model;
        Measurement smaller = context.Measure(quantised);
        Assert.InRange(smaller.Accuracy, 0.6, 0.9);
        Assert.InRange(smaller.WeightBytes, 1, original.WeightBytes - 1);
        Assert.InRange(smaller.Nanoseconds, 1, 1000);
        Assert.Equal((16 * 8) + (10 * 16), smaller.Macs);
        Assert.Equal(smaller, context.Measure(quantised));
        Assert.Equal(64, context.Teacher.Evaluations);

        // Without labels, and where the metric would need some: agreement with the teacher.
        ModelOptions top1 = TestContext.Options with { Metric = AccuracyMetric.Top1 };
        Measurement agreement = new TestContext(graph, calibration).Context(top1).Measure(quantised);
        Assert.Equal(("cosine", 1.0), (agreement.Metric, agreement.TeacherAccuracy));
        Assert.InRange(agreement.Accuracy, 0.98, 1);
    }

    /// <summary>
    /// A predictor that takes bytes quantises none: it has no buffer of floats, in a measurement as little as in the app.
    /// </summary>
    [Fact]
    public void AModelIsMeasuredWithTheBindingThatShips()
    {
        Graph graph = Classifier();
        ModelOptions bytes = TestContext.Options with { InputType = InputElement.UInt8, InputScale = [1 / 64.0], InputOffset = [-2] };
        var source = new TestContext(graph, FloatGraph.Samples(graph, 16));
        CompressionContext context = source.Context(bytes);
        CompressedModel quantised = CompressionTechniques.Run(new(graph), context).Model;
        var boundary = new BoundaryOptions { Interface = graph, Adaptation = InputAdaptation.Of(bytes) };
        LoweredModel shipped = GraphLowerer.Lower(quantised, boundary);
        Assert.Equal(BoundaryType.UInt8, shipped.Inputs[0].Type);

        TrialModel trial = new TrialLowering(graph, boundary).Lower(quantised, default);
        Assert.False(trial.WeightBytes.IsValueCreated);
        Assert.Equal((shipped.Weights.Length, shipped.ArenaBytes, shipped.EstimatedNanoseconds),
            (trial.WeightBytes.Value, trial.ScratchBytes, trial.Nanoseconds));
        // Made-up samples are no bytes; each stands for the nearest.
        Assert.InRange(context.Measure(quantised).Accuracy, 0.9, 1);
    }

    [Fact]
    public void RandomNumbersDependOnTheNameAlone()
    {
        CompressionContext context = new TestContext(Classifier()).Context();
        RandomSource random = context.Random("Pruning"), same = context.Random("Pruning"), other = context.Random("Folding");
        ulong[] first = [.. Enumerable.Range(0, 4).Select(_ => random.NextBits())];
        Assert.Equal(first, Enumerable.Range(0, 4).Select(_ => same.NextBits()));
        Assert.DoesNotContain(other.NextBits(), first);

        int[] counts = new int[5];
        int[] order = [.. Enumerable.Range(0, 5)];
        double sum = 0;
        for (int i = 0; i < 10_000; i++)
        {
            counts[random.NextBelow(5)]++;
            sum += random.NextUnit();
        }
        random.Shuffle<int>(order);
        Assert.All(counts, c => Assert.InRange(c, 1800, 2200));
        Assert.InRange(sum, 4850, 5150);
        Assert.Equal([0, 1, 2, 3, 4], order.Order());
    }

    [Fact]
    public void AnnotationsStayWithTheirGraphAndGoWithItKnowingly()
    {
        Graph graph = Classifier();
        CompressionContext context = new TestContext(graph, FloatGraph.Samples(graph, 8)).Context();
        CompressedModel model = CompressionTechniques.Run(new(graph), context).Model;
        GraphQuantization quantization = Assert.IsType<GraphQuantization>(Assert.Single(model.Annotations));
        Assert.Same(quantization, model.Annotation<GraphQuantization>());
        Assert.Null(new CompressedModel(graph).Annotation<GraphQuantization>());

        // The same nodes and constants under another name; then another constant.
        Assert.Same(quantization, model.WithGraph(graph with { Name = "other" }).Annotation<GraphQuantization>());
        string weights = graph.Nodes[0].Inputs[1];
        Tensor halved = new(graph.Constants[weights].Type, Array.ConvertAll(graph.Constants[weights].Values<float>(), w => w / 2));
        CompressedModel changed = model.WithGraph(graph with { Constants = graph.Constants.SetItem(weights, halved) });
        Assert.Empty(changed.Annotations);

        GraphQuantization other = quantization with { };
        Assert.Same(other, Assert.Single(model.With(other).Annotations));
    }

    [Fact]
    public void PassesRunAgainAfterATechnique()
    {
        CompressionContext context = new TestContext(Classifier()).Context();
        var graph = new FloatGraph();
        string x = graph.Input("x", 1, 8);
        string doubled = graph.Add("doubled", "Mul", [x, graph.Constant("two", Tensor.Of([2f], 1))]);
        Graph rewritten = context.Renormalize(graph.Build(graph.Dense("y", doubled, 8, 4)));
        Assert.Equal(["Gemm"], rewritten.Nodes.Select(n => n.OpType));
        Assert.Same(rewritten, context.Renormalize(rewritten));
    }

    private static Graph Classifier()
    {
        var graph = new FloatGraph();
        string x = graph.Input("x", 1, 8);
        return graph.Build(graph.Dense("y", graph.Dense("hidden", x, 8, 16, relu: true), 16, 10));
    }
}
