using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;
using OptimizerBuild.Plan;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Compression.Trees;

/// <summary>Weights of leaves in 16 bits: what is rounded, what is measured, and that integers give the rounded graph's bytes.</summary>
public class LeafRoundingTests
{
    private const int Rows = 40;

    [Theory]
    [InlineData(1, 3, "Int16")]
    [InlineData(4, 3, "Int16")]
    [InlineData(1, 8, "Int16")]
    [InlineData(5, 8, "Int16")]
    public void Integers_give_the_bytes_of_the_rounded_graph(int targets, int depth, string method)
    {
        var trees = new RandomTrees(7, Shape(targets, depth));
        Graph graph = PassPipeline.Run(trees.Regressor(Rows, "SUM").Import());
        Tensor x = trees.Rows(Rows);
        CompressionResult result = Apply(graph, x, TestContext.Options);

        string note = Assert.Single(result.Notes);
        Assert.Contains("in 16 bits", note, StringComparison.Ordinal);
        Tensor exact = new GraphEvaluator(graph).Evaluate([x])[0], rounded = new GraphEvaluator(result.Model.Graph).Evaluate([x])[0];
        Assert.False(exact.SameAs(rounded));
        TensorComparison.AssertClose(exact, rounded, 1e-3, 1e-3);
        LoweredModel lowered = Lowered(result.Model);
        PlanCall call = Assert.Single(lowered.Calls, c => c.Kernel.StartsWith("Tree", StringComparison.Ordinal));
        Assert.Equal(method, call.Method);
        Assert.True(rounded.SameAs(Plans.Execute(lowered).Run([x])[0]), "the plan differs from the rounded graph");
        Assert.True(lowered.Weights.Length < Lowered(new(graph)).Weights.Length, "the rounded trees are not smaller");
    }

    [Fact]
    public void Outputs_that_must_be_cleaner_keep_their_weights()
    {
        var trees = new RandomTrees(7, Shape(1, 5));
        Graph graph = PassPipeline.Run(trees.Regressor(Rows, "SUM").Import());
        CompressionResult result = Apply(graph, trees.Rows(Rows), TestContext.Options with { MinOutputSignalToNoise = 100 });
        Assert.Contains("stay in float32", Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.Same(graph, result.Model.Graph);
    }

    [Fact]
    public void Classes_that_would_change_keep_their_weights()
    {
        // Both classes have all but equal sums, so that rounding decides.
        float[] weights = [1, 1 + 1e-6f, 1, 1 - 1e-6f];
        ModelBuilder model = new ModelBuilder(17).Input("x", 1, 1).Node("TreeEnsembleClassifier", "x", "label,scores",
            ("nodes_treeids", (long[])[0, 0, 0]), ("nodes_nodeids", (long[])[0, 1, 2]), ("nodes_featureids", (long[])[0, 0, 0]),
            ("nodes_modes", (string[])["BRANCH_LEQ", "LEAF", "LEAF"]), ("nodes_values", (float[])[0, 0, 0]),
            ("nodes_truenodeids", (long[])[1, 0, 0]), ("nodes_falsenodeids", (long[])[2, 0, 0]),
            ("class_treeids", (long[])[0, 0, 0, 0, 0, 0]), ("class_nodeids", (long[])[1, 1, 1, 2, 2, 2]),
            ("class_ids", (long[])[0, 1, 2, 0, 1, 2]), ("class_weights", (float[])[weights[0], weights[1], 0, weights[2], weights[3], 0]),
            ("classlabels_int64s", (long[])[0, 1, 2])).Output("label", "scores");
        model.Model.OpsetImport.Add(new Onnx.Schema.OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 });
        model.Model.Graph.Node[0].Domain = "ai.onnx.ml";
        Graph graph = PassPipeline.Run(model.Import());
        CompressionResult result = Apply(graph, Tensor.Of([-1f], 1, 1), TestContext.Options);
        Assert.Contains("other classes on 1 of 1 samples", Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.Same(graph, result.Model.Graph);
    }

    [Theory]
    [InlineData(nameof(ElementType.Float64))]
    [InlineData(nameof(ElementType.Float16))]
    [InlineData(nameof(ElementType.BFloat16))]
    public void Noise_is_measured_in_outputs_of_any_float_type(string type)
    {
        var trees = new RandomTrees(7, Shape(1, 5));
        ModelBuilder model = trees.Regressor(Rows, "SUM");
        string y = model.Model.Graph.Output[0].Name;
        model.Model.Graph.Output.Clear();
        model.Node("Cast", y, "converted", ("to", (long)Enum.Parse<ElementType>(type))).Output("converted");
        Graph graph = PassPipeline.Run(model.Import());
        Tensor x = trees.Rows(Rows);
        CompressionResult quiet = Apply(graph, x, TestContext.Options with { MinOutputSignalToNoise = 40 });
        Assert.Contains("signal to noise of the outputs ", Assert.Single(quiet.Notes), StringComparison.Ordinal);
        Assert.NotSame(graph, quiet.Model.Graph);
        CompressionResult result = Apply(graph, x, TestContext.Options with { MinOutputSignalToNoise = 120 });
        Assert.Contains("stay in float32", Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.Same(graph, result.Model.Graph);
    }

    [Fact]
    public void Numbers_that_would_become_infinite_keep_their_weights()
    {
        // The small weight becomes 0, whose logarithm is no number.
        ModelBuilder model = new ModelBuilder(17).Input("x", 1, 1).Node("TreeEnsembleRegressor", "x", "sum",
            ("nodes_treeids", (long[])[0, 0, 0]), ("nodes_nodeids", (long[])[0, 1, 2]), ("nodes_featureids", (long[])[0, 0, 0]),
            ("nodes_modes", (string[])["BRANCH_LEQ", "LEAF", "LEAF"]), ("nodes_values", (float[])[0, 0, 0]),
            ("nodes_truenodeids", (long[])[1, 0, 0]), ("nodes_falsenodeids", (long[])[2, 0, 0]),
            ("target_treeids", (long[])[0, 0]), ("target_nodeids", (long[])[1, 2]), ("target_ids", (long[])[0, 0]),
            ("target_weights", (float[])[1e-5f, 1000]), ("n_targets", 1)).Node("Log", "sum", "y").Output("y");
        model.Model.OpsetImport.Add(new Onnx.Schema.OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 });
        model.Model.Graph.Node[0].Domain = "ai.onnx.ml";
        Graph graph = PassPipeline.Run(model.Import());
        CompressionResult result = Apply(graph, Tensor.Of([-1f], 1, 1), TestContext.Options);
        Assert.Contains("other infinities on 1", Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.Same(graph, result.Model.Graph);
    }

    [Theory]
    // Another target's weights are larger than all others together; a few of the same target's are.
    [InlineData(0, 1, 2, "target 1")]
    [InlineData(0, 0, 0, "target 0")]
    public void Targets_that_the_step_would_silence_keep_their_weights(int large, int small, int third, string named)
    {
        // The samples reach the large leaf only.
        ModelBuilder model = new ModelBuilder(17).Input("x", 1, 1).Node("TreeEnsembleRegressor", "x", "y",
            ("nodes_treeids", (long[])[0, 0, 0, 0, 0]), ("nodes_nodeids", (long[])[0, 1, 2, 3, 4]),
            ("nodes_featureids", (long[])[0, 0, 0, 0, 0]),
            ("nodes_modes", (string[])["BRANCH_LEQ", "LEAF", "BRANCH_LEQ", "LEAF", "LEAF"]), ("nodes_values", (float[])[0, 0, 1, 0, 0]),
            ("nodes_truenodeids", (long[])[1, 0, 3, 0, 0]), ("nodes_falsenodeids", (long[])[2, 0, 4, 0, 0]),
            ("target_treeids", (long[])[0, 0, 0]), ("target_nodeids", (long[])[1, 3, 4]), ("target_ids", (long[])[large, small, third]),
            ("target_weights", (float[])[-3.3e12f, 127.99999f, 10.1f]), ("n_targets", 3)).Output("y");
        model.Model.OpsetImport.Add(new Onnx.Schema.OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 });
        model.Model.Graph.Node[0].Domain = "ai.onnx.ml";
        Graph graph = PassPipeline.Run(model.Import());
        CompressionResult result = Apply(graph, Tensor.Of([-1f], 1, 1), TestContext.Options);
        Assert.Contains("most of those for " + named, Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.Same(graph, result.Model.Graph);
        Tensor y = Plans.Execute(Lowered(result.Model)).Run([Tensor.Of([0.5f], 1, 1)])[0];
        Assert.Equal(127.99999f, y.Values<float>()[small]);
    }

    [Fact]
    public void Weights_that_are_steps_already_need_no_data()
    {
        var trees = new RandomTrees(3, Shape(2, 4) with { Weight = r => r.Next(-8, 9) * 0.25 });
        Graph graph = PassPipeline.Run(trees.Regressor(Rows, "SUM").Import());
        var data = new TestContext(graph);
        CompressionResult result = new LeafRounding().Apply(new(graph), data.Context());
        Assert.Contains("already", Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.Equal(0, data.Calibrations);
        Assert.Contains(Lowered(result.Model).Calls, c => c.Method == "Int16");
    }

    [Theory]
    [InlineData("MAX", false, 1f, "16 bits are for sums of trees, and this is the maximum")]
    [InlineData("SUM", true, 1f, "16 bits are for features of float32")]
    [InlineData("SUM", false, 0f, "are all zero")]
    [InlineData("SUM", false, float.PositiveInfinity, "no finite numbers")]
    [InlineData("SUM", false, float.Epsilon, "too small")]
    public void Why_weights_stay_is_said(string aggregate, bool isDouble, float weight, string reason)
    {
        var trees = new RandomTrees(3, weight == 1 ? Shape(1, 4) with { IsDouble = isDouble } : Shape(1, 4) with { Weight = _ => weight });
        Graph graph = PassPipeline.Run(trees.Regressor(Rows, aggregate).Import());
        CompressionResult result = new LeafRounding().Apply(new(graph), new TestContext(graph).Context());
        Assert.Contains(reason, Assert.Single(result.Notes), StringComparison.Ordinal);
        Assert.Same(graph, result.Model.Graph);
        Assert.False(new LeafRounding().IsOn(TestContext.Options with { Precision = ModelPrecision.Float32 }));
    }

    [Theory]
    [InlineData("trained/digits-forest", 57_928, 58_600)]
    [InlineData("trained/diabetes-boosted", 11_088, 12_300)]
    public void Real_ensembles_ship_in_fewer_bytes_than_their_numbers(string name, int numbers, int mostExact)
    {
        SharedAssets.Require();
        Graph graph = PassPipeline.Run(OnnxImporter.Import(SharedAssets.Path($"models/{name}.onnx"), new ImportOptions()).Graph);
        TensorType type = graph.TypeOf(graph.Inputs[0]);
        var random = new Random(1);
        Tensor[] samples = [.. Enumerable.Range(0, 20).Select(_ =>
            Tensor.Of([.. Enumerable.Range(0, type.Count).Select(_ => random.NextSingle() * 16)], [.. type.Dimensions]))];
        CompressionResult result = new LeafRounding().Apply(new(graph),
            new TestContext(graph, new([.. samples.Select(s => (Tensor[])[s])], false)).Context());
        LoweredModel exact = Lowered(new(graph)), rounded = Lowered(result.Model);
        Assert.InRange(exact.Weights.Length, 1, mostExact);
        Assert.InRange(rounded.Weights.Length, 1, numbers);
        foreach (Tensor x in samples)
        {
            Assert.True(new GraphEvaluator(graph).Evaluate([x])[^1].SameAs(Plans.Execute(exact).Run([x])[^1]));
            Assert.True(new GraphEvaluator(result.Model.Graph).Evaluate([x])[^1].SameAs(Plans.Execute(rounded).Run([x])[^1]));
        }
    }

    private static TreeShape Shape(int targets, int depth) => new()
    {
        Trees = 12,
        Depth = depth,
        Features = 5,
        Targets = targets,
        TracksMissing = false,
        Modes = [0],
        Names = _ => Enumerable.Range(0, targets),
    };

    private static CompressionResult Apply(Graph graph, Tensor x, ModelOptions options) =>
        new LeafRounding().Apply(new(graph), new TestContext(graph, new([[x]], false)).Context(options));

    private static LoweredModel Lowered(CompressedModel model) => GraphLowerer.Lower(model, new BoundaryOptions { ClassName = "E" });
}
