using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Gradients;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Training;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>Small networks that win back what compression lost, and keep what it decided.</summary>
public sealed class RecoveryTests
{
    private static readonly ModelOptions Item = TestContext.Options with
    {
        CalibrationData = new DataSpec("given", "/"), Recovery = true, RecoverySteps = 200,
    };

    private static readonly ModelOptions[] Techniques =
    [
        Item with { Sparsity = 0.7, Precision = ModelPrecision.Float32 },
        Item with { SparsityPattern = SparsityPattern.TwoOfFour, Precision = ModelPrecision.Float32 },
        Item with { Precision = ModelPrecision.Int4 },
        Item with { Clusters = 5 },
        Item with { Clusters = 5, Precision = ModelPrecision.Float32 },
        Item with { Sparsity = 0.6, Clusters = 6 },
        Item with { Sparsity = 0.4, SparsityPattern = SparsityPattern.Channel },
        Item with { Rank = new RankAmount(0.4) },
    ];

    public static IEnumerable<object[]> Indices => Enumerable.Range(0, Techniques.Length).Select(i => (object[])[i]);

    [Theory]
    [MemberData(nameof(Indices))]
    public void WinsBackWhatATechniqueLost(int technique)
    {
        ModelOptions options = Techniques[technique];
        Graph graph = Network();
        SampleSet judges = Samples(graph, 7, 200);
        CompressionRun without = Run(graph, options with { Recovery = false }, out CompressionContext plain);
        CompressionRun with = Run(graph, options, out CompressionContext context);
        double lost = 1 - plain.Measure(without.Model, judges).Accuracy, left = 1 - context.Measure(with.Model, judges).Accuracy;
        Assert.True(left < 0.95 * lost, $"of 1 − cosine {lost:g3} there is {left:g3} left");
        Assert.Contains(with.Accounts, a => a.Technique.StartsWith("Recovery", StringComparison.Ordinal)
            && a.Notes[0].Contains("without labels", StringComparison.Ordinal));

        // What was decided holds: structure, zeros, bits and the number of values.
        Assert.Equal(without.Model.Graph.Nodes.Select(n => n.ToString()), with.Model.Graph.Nodes.Select(n => n.ToString()));
        if (options.Sparsity is not null || options.SparsityPattern == SparsityPattern.TwoOfFour)
            foreach (Node node in without.Model.Graph.Nodes.Where(n => n.OpType == "Gemm"))
            {
                float[] pruned = without.Model.Graph.Constants[node.Inputs[1]].Values<float>();
                float[] trained = with.Model.Graph.Constants[node.Inputs[1]].Values<float>();
                // Of single weights the number stays, of patterns the places.
                Assert.True(trained.Count(w => w == 0) >= pruned.Count(w => w == 0));
                if (options.SparsityPattern == SparsityPattern.TwoOfFour)
                    Assert.All(pruned.Zip(trained), w => Assert.True(w.First != 0 || w.Second == 0));
            }
        GraphQuantization? before = without.Model.Annotation<GraphQuantization>(), after = with.Model.Annotation<GraphQuantization>();
        foreach ((string node, WeightQuantization weights) in after!.Weights)
        {
            Assert.True(weights.Values.Distinct().Count() <= (options.Clusters ?? 255));
            if (options.Precision == ModelPrecision.Int4)
                Assert.All(weights.Values, v => Assert.InRange(v, -7, 7));
            Assert.True(before!.Weights.ContainsKey(node));
        }
    }

    [Fact]
    public void IsTheSameInEveryBuild()
    {
        Graph graph = Network();
        CompressionRun one = Run(graph, Item with { Sparsity = 0.7, Clusters = 8 }, out _);
        CompressionRun other = Run(graph, Item with { Sparsity = 0.7, Clusters = 8 }, out _);
        Assert.True(one.Model.Graph.SameAs(other.Model.Graph));
        foreach ((string node, WeightQuantization weights) in one.Model.Annotation<GraphQuantization>()!.Weights)
            Assert.Equal(weights.Values, other.Model.Annotation<GraphQuantization>()!.Weights[node].Values);
    }

    /// <summary>What is trained is what will run: the student computes what the integers do, up to a level.</summary>
    [Fact]
    public void TheStudentComputesWhatTheIntegersDo()
    {
        Graph graph = Network();
        CompressedModel model = Run(graph, Item with { Recovery = false, Precision = ModelPrecision.Int8 }, out _).Model;
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        Assert.NotEmpty(quantization.Weights);
        var student = new QuantizedStudent(model.Graph, quantization, (_, _) => Quantization.Weights.WeightLevels.Bits8);
        foreach (TrainedParameter parameter in student.Parameters)
            parameter.Show(parameter.Values);
        var tape = new GradientTape<float>(student.Graph, []);
        var integers = new QuantizedGraphEvaluator(model.Graph, quantization);
        double scale = quantization.Values[model.Graph.Outputs[0]].Scale;
        foreach (IReadOnlyList<Tensor> sample in Samples(graph, 11, 50).Samples)
        {
            tape.Forward(sample);
            float[] expected = integers.Evaluate(sample)[0].Values<float>();
            float[] found = tape.Value(student.Renamed(model.Graph.Outputs[0])).Values<float>();
            for (int i = 0; i < expected.Length; i++)
                Assert.True(Math.Abs(expected[i] - found[i]) <= Math.Max(1.01 * scale, 0.02), $"{found[i]} instead of {expected[i]}");
        }

        // Untrained it gives back what it was made from.
        CompressedModel same = student.WriteBack(model, []);
        foreach ((string node, WeightQuantization weights) in same.Annotation<GraphQuantization>()!.Weights)
        {
            Assert.Equal(quantization.Weights[node].Values, weights.Values);
            Assert.All(quantization.Weights[node].Bias.Zip(weights.Bias), b =>
                Assert.InRange(Math.Abs((long)b.First - b.Second), 0, 1 + (Math.Abs(b.First) >> 20)));
        }
    }

    [Fact]
    public void TheGreatestWeightsAreKeptWhicheverTheyAre()
    {
        float[] dense = [1, -0.5f, 0.25f, -4, 2, 0.125f], pruned = [1, 0, 0, -4, 2, 0];
        var form = new SparseWeights(pruned, dense);
        var weights = new float[6];
        form.Apply(form.Master, [], weights);
        Assert.Equal(pruned, weights);
        Assert.Equal([1, -0.45f, 0.225f, -4, 2, 0.1125f], form.Master);

        // Fewer and fewer: of three zeros the share 1 − (1 − t)³ over the first half of the training.
        foreach ((double progress, int zeros) in new[] { (0.0, 0), (0.1, 2), (0.25, 3), (0.5, 3), (1, 3) })
        {
            form.MoveTo(progress);
            form.Apply(dense, [], weights);
            Assert.Equal(zeros, weights.Count(w => w == 0));
        }

        // Others take their places; of equal ones the first.
        form.Apply([0.5f, -3, 0.5f, -4, 0.5f, 0.1f], [], weights);
        Assert.Equal([0.5f, -3, 0, -4, 0, 0], weights);
        float[] gradient = [1, 1, 1, 1, 1, 1];
        form.Pull([0.5f, -3, 0.5f, -4, 0.5f, 0.1f], [], gradient, []);
        Assert.Equal([1, 1, 1, 1, 1, 1.00002f], gradient);
        var random = new Random(4);
        for (int round = 0; round < 20; round++)
        {
            float[] drawn = [.. Enumerable.Range(0, 300).Select(_ => MathF.Round((random.NextSingle() - 0.5f) * 40) / 7)];
            int kept = random.Next(300);
            float[] some = [.. drawn.Select((w, i) => i < kept ? 1f : 0f)], found = new float[300];
            new SparseWeights(some, drawn).Apply(drawn, [], found);
            float[] greatest = [.. drawn.Select(Math.Abs).OrderDescending().Take(kept).Where(w => w != 0)];
            Assert.Equal(greatest, found.Select(Math.Abs).Where(w => w != 0).OrderDescending());
        }
    }

    /// <summary>Blocks become zero together, as many as before, those of the least mean square.</summary>
    [Fact]
    public void TheGreatestBlocksAreKept()
    {
        float[] dense = [1, 1, 3, 0, 0.5f, 2], pruned = [1, 1, 3, 0, 0, 0];
        int[][] blocks = [[0, 1], [2, 3], [4, 5]];
        var form = new SparseWeights(pruned, dense, blocks);
        var weights = new float[6];
        form.Apply(form.Master, [], weights);
        Assert.Equal(pruned, weights);
        Assert.Equal(0.25f, form.Master[4] / form.Master[5]);
        Assert.True((form.Master[4] * form.Master[4]) + (form.Master[5] * form.Master[5]) < 2);

        form.MoveTo(0);
        form.Apply(dense, [], weights);
        Assert.Equal(dense, weights);
        form.MoveTo(1);
        form.Apply(dense, [], weights);
        Assert.Equal([0, 0, 3, 0, 0.5f, 2], weights);
        float[] gradient = [1, 1, 1, 1, 1, 1];
        form.Pull(dense, [], gradient, []);
        Assert.Equal([1.0002f, 1.0002f, 1, 1, 1, 1], gradient);
    }

    /// <summary>Blocks that are zero before recovery may be others behind it, but as many.</summary>
    [Fact]
    public void BlocksLearnWhichOfThemAreZero()
    {
        Graph graph = Network();
        ModelOptions options = Item with { Sparsity = 0.7, SparsityPattern = SparsityPattern.Block, Precision = ModelPrecision.Float32 };
        CompressionRun without = Run(graph, options with { Recovery = false }, out CompressionContext plain);
        CompressionRun with = Run(graph, options, out CompressionContext context);
        SampleSet judges = Samples(graph, 7, 200);
        Assert.True(1 - context.Measure(with.Model, judges).Accuracy < 0.95 * (1 - plain.Measure(without.Model, judges).Accuracy));
        foreach (Node node in without.Model.Graph.Nodes.Where(n => n.OpType == "Gemm"))
            Assert.Equal(Blocks(without.Model.Graph, node), Blocks(with.Model.Graph, node));

        static int Blocks(Graph graph, Node node)
        {
            Sparsification.PrunableLayer layer = Sparsification.PrunableLayer.Of(graph, node)!;
            float[] weights = graph.Constants[node.Inputs[1]].Values<float>();
            return layer.Blocks is not { } grid ? 0 : grid.Panels.Sum(p => grid.Quads.Count(q => Enumerable.Range(p.First, p.Count)
                .All(c => q.All(k => weights[layer.Layer.Index(c, k)] == 0))));
        }
    }

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
    public void NothingIsTrainedWhereNothingWasLost()
    {
        CompressionRun run = Run(Network(), Item with { Precision = ModelPrecision.Float32 }, out _);
        Assert.DoesNotContain(run.Accounts, a => a.Technique == "Recovery");
    }

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

    /// <summary>Layers with a state win back what their weights lost, before and after rounding, in both directions.</summary>
    [Theory]
    [InlineData("Float32", "GRU")]
    [InlineData("Float32", "LSTM")]
    [InlineData("Int8", "GRU")]
    public void RecurrentLayersLearn(string arithmetic, string op)
    {
        ModelPrecision precision = Enum.Parse<ModelPrecision>(arithmetic);
        Graph graph = Recurrent(op);
        ModelOptions options = Item with { Sparsity = 0.7, Precision = precision };
        SampleSet judges = Samples(graph, 7, 200);
        CompressionRun without = Run(graph, options with { Recovery = false }, out CompressionContext plain);
        CompressionRun with = Run(graph, options, out CompressionContext context);
        double lost = 1 - plain.Measure(without.Model, judges).Accuracy, left = 1 - context.Measure(with.Model, judges).Accuracy;
        Assert.True(left < 0.7 * lost, $"of 1 − cosine {lost:g3} there is {left:g3} left");
        Node layer = Assert.Single(with.Model.Graph.Nodes, n => n.OpType == op);
        Assert.NotEqual(without.Model.Graph.Constants[layer.Inputs[1]].Values<float>(),
            with.Model.Graph.Constants[layer.Inputs[1]].Values<float>());
        if (precision == ModelPrecision.Float32)
            return;

        // Sixteen samples at a time, and the integers of the state's weights among what is trained.
        GraphQuantization quantization = without.Model.Annotation<GraphQuantization>()!;
        Assert.Contains(layer.Name, quantization.Weights.Keys);
        Assert.NotNull(BatchedGraph.Of(without.Model.Graph, 16));
        var student = new QuantizedStudent(without.Model.Graph, quantization, (_, _) => Quantization.Weights.WeightLevels.Bits8);
        Assert.Contains(student.Parameters, p => p.Name.StartsWith(layer.Name + "/weights", StringComparison.Ordinal));
    }

    /// <summary>Where states begin, and what a normalisation's values were like, is not learned.</summary>
    [Fact]
    public void StatesAndStatisticsStay()
    {
        Graph graph = Recurrent("LSTM", begins: true);
        var random = new RandomSource("test");
        Graph student = Students.StudentParameters.Of(graph, random, out IReadOnlyList<TrainedParameter> parameters);
        Assert.Equal(["b", "c.b", "c.w", "r", "scale", "shift", "w"], parameters.Select(p => p.Name).Order(StringComparer.Ordinal));
        foreach (string name in (string[])["h", "s", "mean", "variance"])
            Assert.True(graph.Constants[name].SameAs(student.Constants[name]));

        CompressionRun run = Run(graph, Item with { Sparsity = 0.7, Precision = ModelPrecision.Float32, RecoverySteps = 40 }, out _);
        Node layer = Assert.Single(run.Model.Graph.Nodes, n => n.OpType == "LSTM");
        Assert.Contains(run.Accounts, a => a.Technique == "Recovery");
        Assert.Equal(graph.Constants["h"].Values<float>(), run.Model.Graph.Constants[layer.Inputs[4]].Values<float>());
        Assert.Equal(graph.Constants["s"].Values<float>(), run.Model.Graph.Constants[layer.Inputs[5]].Values<float>());
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

    /// <summary>Layers of equal weights are one parameter: their integers are equal still, their scales in the same proportion.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void LayersOfEqualWeightsStayEqual(float factor)
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 32), hidden = g.Dense("a", x, 32, 32, relu: true);
        Tensor weights = g.Build(hidden).Constants["a.w"];
        string copy = g.Constant("b.w", Tensor.Of([.. weights.Values<float>().Select(w => w * factor)], 32, 32));
        string again = g.Add("b", "Gemm", [hidden, copy, g.Noise("b.b", 0.1, 32)], n => n.With("transB", 1));
        Graph graph = g.Build(g.Dense("c", again, 32, 6));
        CompressionRun before = Run(graph, Item with { Precision = ModelPrecision.Int8, Recovery = false }, out _);
        CompressionRun after = Run(graph, Item with { Precision = ModelPrecision.Int8 }, out _);
        WeightQuantization[] Layers(CompressionRun run) => [.. run.Model.Graph.Nodes.Where(n => n.Origin is "a/node" or "b/node")
            .Select(n => run.Model.Annotation<GraphQuantization>()!.Weights[n.Name])];
        Assert.Equal(Layers(before)[0].Values, Layers(before)[1].Values);
        Assert.NotEqual(Layers(before)[0].Values, Layers(after)[0].Values);
        Assert.Equal(Layers(after)[0].Values, Layers(after)[1].Values);
        Assert.All(Layers(after)[0].Scales.Zip(Layers(after)[1].Scales), s => Assert.Equal(factor, s.Second / s.First, 4));

        // And in floats, before they are rounded: what they read is one constant, or a multiple of it.
        CompressionRun floats = Run(graph, Item with
        {
            Precision = ModelPrecision.Float32, SparsityPattern = SparsityPattern.TwoOfFour, PruningCriterion = PruningCriterion.Magnitude,
        }, out _);
        Assert.Contains(floats.Accounts, a => a.Technique == "Recovery");
        string[] names = [.. floats.Model.Graph.Nodes.Where(n => n.Origin is "a/node" or "b/node").Select(n => n.Inputs[1]).Distinct()];
        Assert.Equal(factor == 1 ? 1 : 2, names.Length);
        Assert.NotEqual(weights.Values<float>(), floats.Model.Graph.Constants[names[0]].Values<float>());
        Assert.Equal([.. floats.Model.Graph.Constants[names[0]].Values<float>().Select(w => w * factor)],
            floats.Model.Graph.Constants[names[^1]].Values<float>());
    }

    /// <summary>Where levels are few, ranges are trained: scales change together where they were equal, and biases with them.</summary>
    [Fact]
    public void RangesAreTrainedWhereLevelsAreFew()
    {
        Graph graph = Network();
        foreach (ModelPrecision precision in (ModelPrecision[])[ModelPrecision.Int8, ModelPrecision.Ternary])
        {
            CompressedModel before = Run(graph, Item with { Precision = precision, Recovery = false }, out _).Model;
            CompressedModel after = Run(graph, Item with { Precision = precision }, out _).Model;
            var (was, now) = (before.Annotation<GraphQuantization>()!.Values, after.Annotation<GraphQuantization>()!.Values);
            Assert.Equal(was.Keys, now.Keys);
            Assert.All(was, v => Assert.Equal((v.Value.Type, v.Value.ZeroPoint), (now[v.Key].Type, now[v.Key].ZeroPoint)));
            Assert.All(was, v => Assert.InRange(now[v.Key].Scale / v.Value.Scale, 0.5, 2));
            Assert.All(was, v => Assert.Equal((float)now[v.Key].Scale, now[v.Key].Scale));
            Assert.Equal(was[graph.Inputs[0]], now[graph.Inputs[0]]);
            Assert.Equal(precision != ModelPrecision.Int8, was.Any(v => now[v.Key].Scale != v.Value.Scale));
            foreach (IGrouping<ActivationQuantization, string> group in was.GroupBy(v => v.Value, v => v.Key))
                Assert.Single(group.Select(v => now[v]).Distinct());
        }
    }

    /// <summary>The student that rounds by factors of ranges has the gradients of LSQ.</summary>
    [Fact]
    public void FactorsOfRangesHaveTheGradientsOfSteps()
    {
        var range = new ActivationQuantization(ActivationType.U8, 0.5, 10);
        var g = new FloatGraph();
        Graph graph = g.Build(g.Add("v", "Relu", [g.Input("x", 1, 4)]));
        var quantization = new GraphQuantization(
            System.Collections.Immutable.ImmutableSortedDictionary<string, ActivationQuantization>.Empty.Add("v", range),
            System.Collections.Immutable.ImmutableSortedDictionary<string, NodePrecision>.Empty,
            System.Collections.Immutable.ImmutableSortedDictionary<string, WeightQuantization>.Empty);
        var ranges = new LearnedRanges(graph, quantization, _ => false, isOn: true);
        TrainedParameter factor = Assert.Single(ranges.Parameters);
        var types = graph.Types.ToBuilder();
        Node[] rounding = [.. ranges.Round("v", "r", range, graph.TypeOf("v"), types)];
        Graph student = graph with
        {
            Nodes = [.. graph.Nodes, .. rounding], Types = types.ToImmutable(), Outputs = ["r"],
            Constants = graph.Constants.AddRange(ranges.Constants),
        };
        var tape = new GradientTape<float>(student, [factor.Name]);
        tape.Forward([Tensor.Of([0.6f, 0.9f, 3.2f, 500f], 1, 4)]);
        Assert.Equal([0.5f, 1f, 3f, 122.5f], tape.Value("r").Values<float>());
        foreach ((int place, float expected) in new[] { (0, -0.1f), (1, 0.1f), (2, -0.2f), (3, 122.5f) })
        {
            var seed = new float[4];
            seed[place] = 1;
            tape.Backward(new Dictionary<string, float[]> { ["r"] = seed });
            Assert.Equal(expected, tape.Gradient(factor.Name)[0], 4);
        }
        factor.Values[0] = 3;
        Assert.Equal(range with { Scale = 1 }, ranges.Trained(range));
    }

    /// <summary>The integers of a layer with a factor of its own are trained, and its float weights are without the factor.</summary>
    [Fact]
    public void LayersWithFactorsLearn()
    {
        var g = new FloatGraph();
        string hidden = g.Dense("a", g.Input("x", 1, 32), 32, 32, relu: true);
        string scaled = g.Add("b", "Gemm", [hidden, "a.w", g.Noise("b.b", 0.1, 32)],
            n => n.With("transB", 1).With("alpha", new AttributeValue.Float(1.5f)).With("beta", new AttributeValue.Float(2)));
        Graph graph = g.Build(g.Dense("c", scaled, 32, 6));
        // The passes would make the factor part of the weights.
        CompressedModel Compressed(ModelOptions options) => CompressionTechniques.Run(
            new(graph), new TestContext(graph, Samples(graph, 3, 1600)).Context(options)).Model;
        CompressedModel before = Compressed(Item with { Precision = ModelPrecision.Int4, Recovery = false });
        CompressedModel after = Compressed(Item with { Precision = ModelPrecision.Int4 });
        Node layer = Assert.Single(after.Graph.Nodes, n => n.Origin == "b/node");
        Assert.Equal(1.5f, layer.Float("alpha", 1));
        WeightQuantization was = before.Annotation<GraphQuantization>()!.Weights[layer.Name];
        WeightQuantization now = after.Annotation<GraphQuantization>()!.Weights[layer.Name];
        Assert.NotEqual(was.Values, now.Values);
        float[] bias = after.Graph.Constant(layer.Inputs[2])!.Values<float>();
        double input = after.Annotation<GraphQuantization>()!.Values[layer.Inputs[0]].Scale;
        for (int c = 0; c < bias.Length; c++)
            Assert.Equal(2 * bias[c], now.Bias[c] * input * now.Scales[c], 0.51 * input * now.Scales[c]);
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

    /// <summary>Products that were added up in 16 bits still are.</summary>
    [Fact]
    public void PairsOfTrainedWeightsKeepTheirBound()
    {
        Graph graph = Network();
        GraphQuantization before = Quantized(Item with { Precision = ModelPrecision.Int8, Recovery = false });
        GraphQuantization after = Quantized(Item with { Precision = ModelPrecision.Int8 });
        Assert.Contains(before.Weights.Values, w => w.PairSumsBounded && w.Values.Max(v => Math.Abs((int)v)) > 64);
        foreach ((string node, WeightQuantization weights) in before.Weights)
        {
            Assert.NotEqual(weights.Values, after.Weights[node].Values);
            Assert.True(!weights.PairSumsBounded || after.Weights[node].PairSumsBounded, node);
        }

        GraphQuantization Quantized(ModelOptions options) =>
            Run(graph, options with { PairSums = PairSums.Bounded }, out _).Model.Annotation<GraphQuantization>()!;
    }

    // Six steps of eight numbers, of which the last state of both directions is read.
    private static Graph Recurrent(string op, bool begins = false)
    {
        int gates = op == "GRU" ? 3 : 4;
        string[] functions = op == "GRU" ? ["Sigmoid", "Tanh"] : ["Sigmoid", "Tanh", "Tanh"];
        var g = new FloatGraph();
        string x = g.Add("steps", "Transpose", [g.Input("x", 1, 6, 8)], n => n.With("perm", 1, 0, 2));
        string products = g.Add("products", "Add",
            [g.Add("product", "MatMul", [x, g.Noise("w", 0.5, 8, 2 * gates * 12)]), g.Noise("wb", 0.1, 2 * gates * 12)]);
        string[] more = begins
            ? [g.Noise("b", 0.1, 2, 12), "", g.Noise("h", 0.5, 2, 1, 12), g.Noise("s", 0.5, 2, 1, 12)] : [];
        string state = g.Add("layer", op, [products, g.Noise("r", 0.3, 2, gates * 12, 12), .. more], n => RecurrentFunctions(n), 2);
        string flat = g.Add("flat", "Reshape",
            [g.Add("batch", "Transpose", [state + "1"], n => n.With("perm", 1, 0, 2)), g.Constant("shape", Tensor.Of([1L, 24], 2))]);
        if (begins)
            flat = g.Add("normal", "BatchNormalization", [flat, g.Noise("scale", 1, 24), g.Noise("shift", 0.1, 24),
                g.Noise("mean", 0.1, 24), g.Constant("variance", Tensor.Of(Enumerable.Repeat(0.2f, 24).ToArray(), 24))]);
        return g.Build(g.Dense("c", flat, 24, 6));

        Node RecurrentFunctions(Node node) => (node with { Domain = Node.InternalDomain })
            .With("direction", new AttributeValue.Text("bidirectional"))
            .With("activations", new AttributeValue.Texts([.. functions, .. functions]))
            .With("activation_alpha", new AttributeValue.Floats([.. functions.Concat(functions).Select(_ => 0f)]))
            .With("activation_beta", new AttributeValue.Floats([.. functions.Concat(functions).Select(_ => 0f)]));
    }

    private static CompressionRun Run(Graph graph, ModelOptions options, out CompressionContext context)
    {
        var source = new TestContext(graph, Samples(graph, 3, 1600));
        context = source.Context(options);
        return CompressionTechniques.Run(new(PassPipeline.Run(graph)), context);
    }

    private static Graph Network(bool classes = false)
    {
        var g = new FloatGraph();
        string hidden = g.Dense("a", g.Input("x", 1, 24), 24, 64, relu: true);
        string y = g.Dense("c", g.Dense("b", hidden, 64, 32, relu: true), 32, 6);
        return g.Build(classes ? g.Add("scores", "Softmax", [y]) : y);
    }

    private static SampleSet Samples(Graph graph, int seed, int count)
    {
        var random = new Random(seed);
        return new([.. Enumerable.Range(0, count).Select(_ => (IReadOnlyList<Tensor>)[.. graph.Inputs.Select(Drawn)])], Synthetic: false);

        Tensor Drawn(string input) => Tensor.Of(
            [.. Enumerable.Range(0, graph.TypeOf(input).Count).Select(_ => (random.NextSingle() * 2) - 1)],
            graph.TypeOf(input).Dimensions.AsSpan());
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
