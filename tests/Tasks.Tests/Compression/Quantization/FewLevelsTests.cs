using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Weights of few bits and few values: which layers stay in integers with them, and what is said of those that do not.</summary>
public sealed class FewLevelsTests
{
    // Nothing but a float32 layer is so quiet.
    private const double OutOfReach = 100;

    private static readonly QuantizationOptions Few =
        QuantizationOptions.Default with { PairSums = PairSums.Free, LeastOutputSignalToNoise = null, OutputSignalToNoise = 0 };

    [Fact]
    public void LayersWhoseInputsNeverMoveShareValuesToo()
    {
        Graph graph = Network();
        var still = new SampleSet([.. Enumerable.Range(0, 4).Select(_ => (IReadOnlyList<Tensor>)[Tensor.Zeros(graph.TypeOf("x"))])], false);
        GraphQuantization dead = Quantization(Run(graph, Few with { Precision = ModelPrecision.Int8, Clusters = 4 }, still));
        Assert.Equal(2, dead.Weights.Count);
        Assert.All(dead.Weights.Values, w => Assert.InRange(w.Values.Distinct().Count(), 3, 4));

        // As if nothing were known of the inputs.
        QuantizableNode node = new QuantizableGraph(graph).Nodes.First(n => n.Layer is not null);
        QuantizedRows rows = WeightQuantizer.Round(node.Layer!, null, true);
        var evaluator = new GraphEvaluator(graph);
        var candidates = new QuantizableGraph(graph);
        ChannelMoments moments = ActivationStatistics
            .Collect(evaluator, candidates.Candidates, candidates.Layers, still.Samples, _ => { }, default)
            .Moments("x", node.Layer!);
        Assert.Equal(SharedLevels.Fit(node.Layer!, rows, null, 4).Levels.All, SharedLevels.Fit(node.Layer!, rows, moments, 4).Levels.All);
    }

    [Fact]
    public void OnlySharingExcusesNoise()
    {
        Graph graph = Network();
        GraphQuantization shared = Quantization(Run(graph, Few with { Clusters = 2, SignalToNoiseThreshold = 20 }));
        Assert.All(shared.Nodes.Values, n => Assert.True(n.Integer, n.Reason));
        Assert.Contains(shared.Nodes.Values, n => n.SignalToNoise < 20);
        GraphQuantization noisy = Quantization(Run(graph, Few with { Clusters = 2, SignalToNoiseThreshold = OutOfReach }));
        Assert.All(noisy.Nodes.Values, n => Assert.False(n.Integer));
    }

    [Fact]
    public void LayersForWhichFourBitsAreTooFewHaveEight()
    {
        Graph graph = Network();
        GraphQuantization four = Quantization(Run(graph, Few with { Weights = ModelPrecision.Int4 }));
        Assert.All(four.Weights.Values, w => Assert.All(w.Values, q => Assert.InRange(q, -7, 7)));
        CompressionResult result = Run(graph, Few with { Weights = ModelPrecision.Int4, SignalToNoiseThreshold = 30 });
        Assert.All(four.Nodes.Values, n => Assert.True(n.SignalToNoise < 30));
        Assert.All(Quantization(result).Nodes.Values, n => Assert.True(n.Integer && n.SignalToNoise >= 30, n.Reason));
        Assert.All(Quantization(result).Weights.Values, w => Assert.Contains(w.Values, q => Math.Abs(q) > 7));
        Assert.Contains("0 layers with weights of 4 bits; of 8 bits: 'a/node', 'b/node'", result.Notes);
        Assert.All(Quantization(Run(graph, Few with { Weights = ModelPrecision.Int4, SignalToNoiseThreshold = OutOfReach })).Nodes.Values,
            n => Assert.False(n.Integer));
    }

    [Fact]
    public void SharedValuesOfFloatLayersCountAsNoiseOfTheOutputs()
    {
        Graph graph = Network();
        // The outputs are measured on some of the samples: on a single one that is it.
        SampleSet samples = FloatGraph.Samples(graph, 1);
        CompressionResult result = Run(graph, Few with { Clusters = 3, SignalToNoiseThreshold = OutOfReach }, samples);
        var (before, after) = (new GraphEvaluator(graph), new GraphEvaluator(result.Model.Graph));
        double decibels = ErrorPower.Between(after.Evaluate(samples.Samples[0])[0], before.Evaluate(samples.Samples[0])[0]).Decibels;
        Assert.InRange(decibels, 1, 30);
        Assert.Equal(decibels, Quantization(result).OutputSignalToNoise!.Value, 1e-6);

        // The float32 layers' share of it, where the least is demanded of the outputs.
        CompressionResult warned = Run(graph, Few with { Clusters = 3, SignalToNoiseThreshold = OutOfReach, LeastOutputSignalToNoise = 40 },
            samples);
        Assert.Contains("OPT0046", warned.Diagnostics.Select(d => d.Descriptor.Code));
    }

    [Fact]
    public void OfARecurrentLayerTheWeightsOfTheStateAreShared()
    {
        Graph graph = Recurrent();
        CompressionResult floats = Run(graph, Few with { Precision = ModelPrecision.Float32, Clusters = 2 });
        Assert.Equal(2, Values(floats, "r").Distinct().Count());
        Assert.Equal(graph.Constants["b"].Values<float>(), Values(floats, "b"));

        // Integer ones are not shared, so that the layer leaves the integers as others do.
        CompressionResult integers = Run(graph, Few with { Clusters = 4 });
        Assert.True(Quantization(integers).Nodes["h/node"].Integer);
        Assert.Contains("integer weights of states are not shared: 'h/node'", integers.Notes);
        CompressionResult noisy = Run(graph, Few with { Clusters = 4, SignalToNoiseThreshold = OutOfReach });
        Assert.False(Quantization(noisy).Nodes["h/node"].Integer);
        Assert.InRange(Values(noisy, "r").Distinct().Count(), 2, 4);

        static float[] Values(CompressionResult result, string constant) => result.Model.Graph.Constants[constant].Values<float>();
    }

    [Fact]
    public void OneValueBesideZeroIsOnOneSideOfIt()
    {
        Assert.Equal([0, 0, 1.05f, 1.05f, 0, 0], Shared(-0.8f, -1, 1, 1.1f, 0.1f, 0));
        Assert.Equal([-2, -2, 0, 0, 0], Shared(-2.5f, -1.5f, 1, 0, 0));
        Assert.Equal([1.5f, 0, 1.5f], Shared(1, 0, 2));
        Assert.Equal([0f, 0f], Shared(0, 0));

        static float[] Shared(params float[] weights) => SharedFloats.Shared(Tensor.Of(weights, weights.Length), 2).Values<float>();
    }

    [Fact]
    public void WhatIsAskedForInVainIsSaid()
    {
        Graph graph = Network();
        ModelOptions vain = TestContext.Options with { Rounding = WeightRounding.Compensated };
        CompressionRun bounded = Technique(TestContext.Options), run = Technique(vain);
        Assert.NotEqual(Weights(bounded), Weights(Technique(TestContext.Options with { PairSums = PairSums.Free })));
        Assert.Equal(Weights(bounded), Weights(run));
        Assert.Contains("Rounding=\"Compensated\" has no effect: there are no data to calibrate on", run.Accounts.Single().Notes);
        Assert.DoesNotContain(bounded.Accounts.Single().Notes, n => n.Contains("no effect", StringComparison.Ordinal));
        Assert.Contains(Technique(TestContext.Options with { Clusters = 16 }).Accounts.Single().Notes,
            n => n.StartsWith("PairSums=\"Bounded\" has no effect", StringComparison.Ordinal));

        ModelOptions idle = TestContext.Options with
        {
            SparsityPattern = SparsityPattern.Channel,
            PruningCriterion = PruningCriterion.Magnitude,
            FoldRepair = FoldRepair.Fit,
            RankForm = RankForm.Tucker,
            RecoverySteps = 5,
        };
        Assert.Equal(["SparsityPattern=\"Channel\" has no effect without Sparsity",
            "PruningCriterion=\"Magnitude\" has no effect without Sparsity, or a Student with a share of the channels",
            "FoldRepair=\"Fit\" has no effect without Fold", "RankForm=\"Tucker\" has no effect without Rank",
            "RecoverySteps=\"5\" has no effect without Recovery, Student, or Rounding=\"Adaptive\" or \"Block\""],
            Technique(idle).Accounts[^1].Notes);
        Assert.Empty((idle with { Sparsity = 0.5, Fold = 0.5, Rank = new(0.5), Recovery = true }).ChoicesWithoutEffect());
        Assert.Empty((TestContext.Options with
        {
            PruningCriterion = PruningCriterion.Magnitude, RecoverySteps = 5, Student = new(0.5, null),
        }).ChoicesWithoutEffect());
        Assert.Single((TestContext.Options with
        {
            PruningCriterion = PruningCriterion.Magnitude, RecoverySteps = 5, Student = new(null, "s.onnx"),
        }).ChoicesWithoutEffect());

        CompressionRun Technique(ModelOptions options) =>
            CompressionTechniques.Run(new(graph), new TestContext(graph, FloatGraph.Samples(graph, 32)).Context(options));
        static string Weights(CompressionRun run) => string.Join('\n', run.Model.Annotation<GraphQuantization>()!.Weights.Select(w =>
            string.Join(',', w.Value.Values)));
    }

    private static CompressionResult Run(Graph graph, QuantizationOptions options, SampleSet? samples = null) =>
        new Quantizer(options).Apply(new(graph), samples ?? FloatGraph.Samples(graph, 32), default);

    private static GraphQuantization Quantization(CompressionResult result) => result.Model.Annotation<GraphQuantization>()!;

    private static Graph Network()
    {
        var g = new FloatGraph();
        return g.Build(g.Dense("b", g.Dense("a", g.Input("x", 1, 48), 48, 40, relu: true), 40, 10));
    }

    private static Graph Recurrent()
    {
        var g = new FloatGraph();
        string products = g.Add("products", "MatMul", [g.Input("x", 4, 1, 5), g.Noise("w", 0.4, 5, 18)]);
        string recurrent = g.Add("h", "GRU", [products, g.Noise("r", 0.4, 1, 18, 6), g.Noise("b", 0.4, 1, 6)], n =>
            (n with { Domain = Node.InternalDomain })
                .With("activations", new AttributeValue.Texts(["Sigmoid", "Tanh"]))
                .With("activation_alpha", new AttributeValue.Floats([0, 0]))
                .With("activation_beta", new AttributeValue.Floats([0, 0])), outputs: 2);
        return g.Build(g.Add("y", "MatMul", [recurrent, g.Noise("y.w", 0.4, 6, 3)]));
    }
}
