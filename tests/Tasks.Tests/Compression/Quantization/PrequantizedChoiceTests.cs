using OptimizerBuild.Compression.Quantization.Prequantized;
using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>What of a quantised model does not run in integers: what trees read, weights of nine bits, rules.</summary>
public sealed class PrequantizedChoiceTests
{
    /// <summary>Trees read what the model has rounded, to the last bit: here every rounding goes over a threshold.</summary>
    [Theory]
    [InlineData("Slice")]
    [InlineData("Flatten")]
    [InlineData("Mul")]
    [InlineData("Relu")]
    [InlineData("Cast")]
    public void TreesReadWhatTheModelRounds(string before)
    {
        ModelBuilder model = new ModelBuilder(17).Input("x", 1, 4)
            .Constant("s", Tensor.Scalar(0.5f)).Constant("z", Tensor.Scalar((byte)128))
            .Constant("s2", Tensor.Scalar(0.75f)).Constant("z2", Tensor.Scalar((byte)100))
            .Constant("from", Tensor.Of([1L], 1)).Constant("to", Tensor.Of([4L], 1)).Constant("axis", Tensor.Of([1L], 1))
            .Constant("factor", Tensor.Scalar(1.5f))
            .Node("QuantizeLinear", "x,s,z", "q").Node("DequantizeLinear", "q,s,z", "r");
        switch (before)
        {
            case "Slice":
                model.Node("Slice", "r,from,to,axis", "t");
                break;
            case "Mul":
                model.Node("Mul", "r,factor", "m").Node("QuantizeLinear", "m,s2,z2", "mq").Node("DequantizeLinear", "mq,s2,z2", "t");
                break;
            case "Cast":
                model.Node("Slice", "r,from,to,axis", "p").Node("Cast", "p", "t", ("to", (long)ElementType.Float64));
                break;
            default:
                model.Node(before, "r", "t");
                break;
        }
        Graph imported = Tree(model, "t").Output("y").Import();
        foreach (ModelPrecision precision in (ModelPrecision[])[ModelPrecision.Auto, ModelPrecision.Int8, ModelPrecision.Float32])
        {
            CompressionResult result = Quantize(imported, new() { Precision = precision });
            QuantizationInvariants.Check(result.Model.Graph, result.Model.Annotation<GraphQuantization>()!);
            PlanExecutor executor = Execute(result);
            var answers = new HashSet<float>();
            // 0.1 and 0.2 are below the thresholds once they are rounded, and 0.3 is above them.
            foreach (float x in (float[])[-0.3f, 0.05f, 0.1f, 0.2f, 0.24f, 0.3f, 0.6f])
            {
                Tensor[] sample = [Tensor.Of([x, x, x, x], 1, 4)];
                float expected = new GraphEvaluator(imported).Evaluate(sample)[0].Values<float>()[0];
                Assert.Equal(expected, executor.Run(sample)[0].Values<float>()[0]);
                answers.Add(expected);
            }
            Assert.Equal(2, answers.Count);
        }
    }

    /// <summary>What a tree reads is a level all the same where a layer reads it, too.</summary>
    [Fact]
    public void LayersBesideTreesRunInIntegers()
    {
        var net = new QuantizedNetwork(4, ElementType.UInt8, WeightForm.SignedPerChannel);
        string moved = net.Move("Flatten", [net.Input(1, 3, 4)]);
        string sums = net.Gemm(moved, 6, rounds: false);
        Graph imported = Tree(net.Model, moved).Output("y", sums).Import();
        CompressionResult result = Quantize(imported, new() { Precision = ModelPrecision.Int8 });
        Assert.True(result.Model.Annotation<GraphQuantization>()!.HasScalesOfModel);
        var random = new Random(8);
        for (int i = 0; i < 20; i++)
        {
            IReadOnlyList<Tensor> sample = net.Sample(random);
            Tensor[] expected = new GraphEvaluator(imported).Evaluate(sample), actual = Execute(result).Run(sample);
            Assert.True(expected[0].SameAs(actual[0]));
            TensorComparison.AssertClose(expected[1], actual[1], 1e-4, 1e-4);
        }
    }

    /// <summary>
    /// A static quantiser's u8 weights with any zero point in depthwise layers: none runs in integers, and yet the model needs no data and
    /// keeps its roundings.
    /// </summary>
    [Fact]
    public void WeightsOfNineBitsKeepTheModelAsItIs()
    {
        var net = new QuantizedNetwork(2, ElementType.UInt8, WeightForm.UnsignedAsymmetric);
        string y = net.Conv(net.Conv(net.Input(1, 4, 8, 8), 4, 3, group: 4, activation: "Relu"), 4, 3, group: 4);
        Graph imported = net.Model.Output(y).Import(), graph = PassPipeline.Run(imported);
        Assert.True(PrequantizedModel.Is(graph));
        var random = new Random(3);
        SampleSet samples = new([.. Enumerable.Range(0, 4).Select(_ => net.Sample(random))], true);
        CompressionResult result = Quantize(imported, new(), samples);
        CompressionResult exact = Quantize(imported, new() { Precision = ModelPrecision.Float32 });
        GraphQuantization quantization = result.Model.Annotation<GraphQuantization>()!;
        Assert.Empty(quantization.Weights);
        Assert.All(result.Diagnostics, d => Assert.Equal("OPT0027", d.Descriptor.Code));
        Assert.Equal(2, quantization.Nodes.Values.Count(n => n.Reason.Contains("nine bits", StringComparison.Ordinal)));
        // The same numbers; a level has no sign where it is 0, and a float that is rounded keeps it.
        foreach (IReadOnlyList<Tensor> sample in samples.Samples)
            Assert.Equal(Execute(exact).Run(sample)[0].Values<float>(), Execute(result).Run(sample)[0].Values<float>());
    }

    /// <summary>Rules for single layers hold in quantised models, too; what stays in float32 reads what the model rounds.</summary>
    [Fact]
    public void RulesForSingleLayersHold()
    {
        var net = new QuantizedNetwork(5, ElementType.UInt8, WeightForm.SignedPerChannel);
        string y = net.Gemm(net.Gemm(net.Gemm(net.Input(3, 12), 8), 9), 6);
        Graph imported = net.Model.Output(y).Import();
        string[] layers = [.. PassPipeline.Run(imported).Nodes.Where(n => n.OpType is "Gemm").Select(n => n.Name)];
        Assert.Equal(3, layers.Length);

        Check([layers[0], layers[2]], ModelPrecision.Auto, $"{layers[1]}:Float32");
        Check([layers[0], layers[2]], ModelPrecision.Int8, $"{layers[1]}:Float32");
        Check([layers[1]], ModelPrecision.Float32, $"{layers[1]}:Int8");
        Check([layers[0], layers[2]], ModelPrecision.Float32, $"*:Int8; {layers[1]}:Float32");

        void Check(string[] integer, ModelPrecision precision, string rules)
        {
            Graph graph = PassPipeline.Run(imported);
            ModelOptions options = TestContext.Options with { Precision = precision, Layers = LayerRules.Parse(rules)! };
            CompressionResult result = new QuantizationTechnique().Apply(new(graph), new TestContext(graph).Context(options));
            GraphQuantization quantization = result.Model.Annotation<GraphQuantization>()!;
            Assert.True(quantization.HasScalesOfModel);
            Assert.Equal(integer, layers.Where(l => quantization.Nodes[l].Integer));
            QuantizationInvariants.Check(result.Model.Graph, quantization);
            PlanExecutor executor = Execute(result);
            var random = new Random(5);
            for (int i = 0; i < 3; i++)
            {
                IReadOnlyList<Tensor> sample = net.Sample(random);
                float[] expected = new GraphEvaluator(imported).Evaluate(sample)[0].Values<float>();
                float[] actual = executor.Run(sample)[0].Values<float>();
                for (int k = 0; k < expected.Length; k++)
                    Assert.InRange(actual[k], expected[k] - (1.01f * net.Scale(y)), expected[k] + (1.01f * net.Scale(y)));
            }
        }
    }

    /// <summary>Products of activations run with the model's scales without any layer beside them.</summary>
    [Fact]
    public void ProductsOfActivationsHaveTheScalesOfTheModel()
    {
        var net = new QuantizedNetwork(6, ElementType.UInt8, WeightForm.SignedPerChannel);
        string y = net.Op("MatMul", [net.Input(1, 4, 8), net.Input(1, 8, 6)]);
        GraphQuantization quantization = Quantize(net.Model.Output(y).Import(), new()).Model.Annotation<GraphQuantization>()!;
        Assert.Contains(quantization.Nodes.Values, n => n.Integer);
        Assert.True(quantization.HasScalesOfModel);
    }

    /// <summary>Nothing is rounded that a tree reads behind conversions and movements in another type.</summary>
    [Fact]
    public void ConversionsHandOnWhatTreesRead()
    {
        ModelBuilder model = new ModelBuilder(17).Input("x", 1, 4)
            .Constant("w", Tensor.Of([.. Enumerable.Range(0, 16).Select(i => (i % 5) - 1.5f)], 4, 4))
            .Constant("f", Tensor.Of([1f, 2, 3, 4], 1, 4))
            .Node("MatMul", "x,w", "p").Node("Mul", "p,f", "m").Node("Cast", "m", "d", ("to", (long)ElementType.Float64))
            .Node("Flatten", "d", "t");
        var graph = new QuantizableGraph(Tree(model, "t").Output("y").Import());
        var nodes = new IntegerNodes(graph);
        Assert.True(nodes.Contains(graph.Nodes.Single(n => n.Node.OpType == "MatMul")));
        Assert.Equal(IntegerNodes.ReadExactly, nodes.Reason(graph.Nodes.Single(n => n.Node.OpType == "Mul")));
    }

    // A tree for the first feature, whose threshold lies between 0 and the least level above it.
    private static ModelBuilder Tree(ModelBuilder model, string features)
    {
        model.Node("TreeEnsembleRegressor", features, "y",
            ("nodes_treeids", (long[])[0, 0, 0]), ("nodes_nodeids", (long[])[0, 1, 2]), ("nodes_featureids", (long[])[0, 0, 0]),
            ("nodes_modes", (string[])["BRANCH_LEQ", "LEAF", "LEAF"]), ("nodes_values", (float[])[0.08f, 0, 0]),
            ("nodes_truenodeids", (long[])[1, 0, 0]), ("nodes_falsenodeids", (long[])[2, 0, 0]),
            ("target_treeids", (long[])[0, 0]), ("target_nodeids", (long[])[1, 2]), ("target_ids", (long[])[0, 0]),
            ("target_weights", (float[])[1, 2]), ("n_targets", 1));
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "ai.onnx.ml", Version = 3 });
        model.Model.Graph.Node[^1].Domain = "ai.onnx.ml";
        return model;
    }

    private static CompressionResult Quantize(Graph imported, QuantizationOptions options, SampleSet? samples = null) =>
        new Quantizer(options).Apply(new CompressedModel(PassPipeline.Run(imported)), samples ?? SampleSet.Empty, CancellationToken.None);

    private static PlanExecutor Execute(CompressionResult result) =>
        Plans.Execute(GraphLowerer.Lower(result.Model, new BoundaryOptions { ClassName = "M" }));
}
