using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Export;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Lowering;

/// <summary>Products of two values known only at run time, in integers: which nodes, whose bytes, at what accuracy.</summary>
public sealed class ActivationProductTests
{
    private const int Places = 12, Features = 24, Heads = 3;

    /// <summary>Dimensions of both factors, whether the second is transposed before, and what reads the product.</summary>
    public static TheoryData<int[], int[], bool, string> Products => new()
    {
        { [7, 19], [19, 10], false, "" },
        { [7, 19], [10, 19], true, "" },
        { [2, 7, 19], [2, 19, 33], false, "Relu" },
        { [2, 3, 7, 19], [2, 3, 10, 19], true, "Softmax" },
        { [2, 3, 7, 19], [3, 19, 16], false, "" },
        { [3, 1, 5, 8], [1, 4, 8, 20], false, "Sigmoid" },
        { [7, 19], [4, 19, 16], false, "Relu" },
        { [1, 40], [40, 24], false, "" },
        { [5, 1], [1, 6], false, "" },
    };

    [Theory]
    [MemberData(nameof(Products))]
    public void PlansGiveTheBytesOfTheSimulation(int[] first, int[] second, bool transposes, string reader)
    {
        var b = new GraphBuilder();
        string x = b.Input(first), y = b.Input(second);
        if (transposes)
            y = b.Add("Transpose", [y], ("perm", LastTwoExchanged(second.Length)));
        string z = b.Add("MatMul", x, y);
        Graph graph = PassPipeline.Run(b.Build(reader.Length > 0 ? b.Add(reader, z) : z));
        CompressedModel model = Plans.Quantize(graph);
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        Assert.Equal([], graph.Nodes.Where(n => !quantization.Nodes[n.Name].Integer).Select(n => n.OpType));
        Assert.Equal(1, quantization.IntegerMacShare(graph));
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        Assert.Contains(lowered.Calls, c => c.Kernel == nameof(Int8MatMul));

        // The kernel reads the transposed matrix as it lies.
        Assert.DoesNotContain(lowered.Calls, c => c.Kernel == nameof(StridedCopy) && transposes);
        AssertSimulated(model, lowered, graph, out double cosine);
        Assert.True(cosine > 0.999, $"cosine {cosine}");
    }

    [Fact]
    public void AttentionRunsInIntegersFromEndToEnd()
    {
        Graph graph = PassPipeline.Run(Attention(masked: true));
        CompressedModel model = Quantize(graph, masks: 4, ModelPrecision.Int8);
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        Assert.Equal([], Floats(graph, quantization, "MatMul", "Softmax", "Add"));
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        Assert.DoesNotContain(lowered.Calls, c => c.Kernel.StartsWith("Float32", StringComparison.Ordinal) && c.Macs > 0);
        PlanExecutor executor = Plans.Execute(lowered);
        AssertLikeFloat(graph, executor, maskedPlaces: 0);
        AssertLikeFloat(graph, executor, maskedPlaces: 5);
    }

    /// <summary>
    /// Calibration data in which nothing is masked do not say what a mask is: scores keep float32 from there to the probabilities, and
    /// places that are masked in the app count for nothing.
    /// </summary>
    [Fact]
    public void MasksThatCalibrationDataDoNotHaveStillMask()
    {
        Graph graph = PassPipeline.Run(Attention(masked: true));
        CompressedModel model = Quantize(graph, masks: 0, ModelPrecision.Auto);
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        Assert.Equal(1, quantization.IntegerMacShare(graph));
        Node softmax = graph.Nodes.Single(n => n.OpType == "Softmax");
        Assert.False(quantization.Nodes[softmax.Name].Integer);
        PlanExecutor executor = Plans.Execute(GraphLowerer.Lower(model, new BoundaryOptions()));
        AssertLikeFloat(graph, executor, maskedPlaces: 0);
        AssertLikeFloat(graph, executor, maskedPlaces: 5);
    }

    [Fact]
    public void ExportedAttentionGivesTheSameIntegersAgain()
    {
        Graph graph = PassPipeline.Run(Attention(masked: false));
        CompressedModel model = Quantize(graph, masks: 0, ModelPrecision.Int8);
        Graph exported = OnnxImporter.Import(QdqExporter.Export(model), "exported.onnx", ImportOptions.Default).Graph;
        CompressionResult again = new Quantizer(new QuantizationOptions { Precision = ModelPrecision.Auto })
            .Apply(new CompressedModel(PassPipeline.Run(exported)), SampleSet.Empty, CancellationToken.None);
        GraphQuantization quantization = again.Model.Annotation<GraphQuantization>()!;
        Assert.True(quantization.HasScalesOfModel);
        Assert.Equal([], Floats(again.Model.Graph, quantization, "MatMul", "Softmax"));
        Tensor[] sample = Sample(new Random(5), graph, 0);
        Tensor expected = Plans.Execute(GraphLowerer.Lower(model, new BoundaryOptions())).Run(sample)[0];
        Tensor actual = Plans.Execute(GraphLowerer.Lower(again.Model, new BoundaryOptions())).Run(sample)[0];
        Assert.True(Cosine(expected, actual) > 0.9995, $"cosine {Cosine(expected, actual)}");
    }

    /// <summary>Beyond what 32 bits hold there is no integer form, and vectors and constant batches have none.</summary>
    [Theory]
    [InlineData(33_025, true)]
    [InlineData(33_026, false)]
    public void SumsThatMayLeaveThirtyTwoBitsRunInFloat(int terms, bool isInteger)
    {
        var b = new GraphBuilder();
        Graph graph = b.Build(b.Add("MatMul", b.Input(2, terms), b.Input(terms, 3)));
        var a = new ActivationQuantization(ActivationType.U8, 1, 0);
        QuantizableNode node = QuantizableNode.Of(graph, graph.Nodes[0]);
        Assert.Equal(isInteger ? IntegerForm.Product : IntegerForm.None, node.Form);
        if (!isInteger)
            return;

        // All levels at their ends: the greatest sum there is.
        CompressedModel model = Plans.Quantize(graph);
        GraphQuantization plan = model.Annotation<GraphQuantization>()!;
        plan = plan with { Values = plan.Values.SetItem(graph.Inputs[0], a).SetItem(graph.Inputs[1], a) };
        Tensor[] sample = [Filled(255, 2, terms), Filled(255, terms, 3)];
        Tensor expected = new QuantizedGraphEvaluator(graph, plan).Evaluate(sample)[0];
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(graph, plan), new BoundaryOptions());
        Assert.Equal(expected.Values<float>(), Plans.Execute(lowered).Run(sample)[0].Values<float>());
    }

    // What of some operators runs in float32, and why.
    private static IEnumerable<string> Floats(Graph graph, GraphQuantization quantization, params string[] operators) =>
        graph.Nodes.Where(n => operators.Contains(n.OpType) && !quantization.Nodes[n.Name].Integer)
            .Select(n => $"{n.OpType} {n.Name}: {quantization.Nodes[n.Name].Reason}");

    private static Tensor Filled(float value, int rows, int columns) =>
        Tensor.Of([.. Enumerable.Repeat(value, rows * columns)], rows, columns);

    private static long[] LastTwoExchanged(int rank) => [.. Enumerable.Range(0, rank - 2).Select(i => (long)i), rank - 1, rank - 2];

    // Scaled dot-product attention with several heads as exporters spell it, between dense layers.
    private static Graph Attention(bool masked)
    {
        var b = new GraphBuilder();
        string x = b.Input(1, Places, Features);
        string mask = masked ? b.Add("Mul", b.Add("Sub", b.Scalar(1), b.Input(1, 1, 1, Places)), b.Scalar(-10000)) : "";
        string scores = b.Add("Mul", b.Add("MatMul", Heads("q", 0, 2, 1, 3), Heads("k", 0, 2, 3, 1)),
            b.Scalar(1 / MathF.Sqrt(Features / ActivationProductTests.Heads)));
        string probabilities = b.Add("Softmax", [masked ? b.Add("Add", scores, mask) : scores], ("axis", -1));
        string mixed = b.Add("Transpose", [b.Add("MatMul", probabilities, Heads("v", 0, 2, 1, 3))], ("perm", new long[] { 0, 2, 1, 3 }));
        return b.Build(b.Add("MatMul", b.Add("Reshape", mixed, b.Ints(1, Places, Features)), b.Weights(Features, Features)));

        string Heads(string name, params long[] perm) => b.Add("Transpose",
            [b.Add("Reshape", b.Add("Add", b.Add("MatMul", x, b.Weights(Features, Features)), b.Weights(Features)),
                b.Ints(1, Places, ActivationProductTests.Heads, Features / ActivationProductTests.Heads))], ("perm", perm));
    }

    private static CompressedModel Quantize(Graph graph, int masks, ModelPrecision precision)
    {
        var random = new Random(3);
        SampleSet samples = new([.. Enumerable.Range(0, 16).Select(i => (IReadOnlyList<Tensor>)Sample(random, graph, i % (masks + 1)))],
            false);
        return new Quantizer(new QuantizationOptions { Precision = precision })
            .Apply(new CompressedModel(graph), samples, CancellationToken.None).Model;
    }

    // The last places are masked.
    private static Tensor[] Sample(Random random, Graph graph, int maskedPlaces) => [.. graph.Inputs.Select((name, i) => i == 0
        ? RandomTensors.Of(random, graph.TypeOf(name))
        : Tensor.Of([.. Enumerable.Range(0, Places).Select(p => p < Places - maskedPlaces ? 1f : 0f)], 1, 1, 1, Places))];

    private static void AssertLikeFloat(Graph graph, PlanExecutor executor, int maskedPlaces)
    {
        Tensor[] sample = Sample(new Random(17), graph, maskedPlaces);
        double cosine = Cosine(new GraphEvaluator(graph).Evaluate(sample)[0], executor.Run(sample)[0]);
        Assert.True(cosine > 0.99, $"{maskedPlaces} places masked: cosine {cosine}");
    }

    private static double Cosine(Tensor expected, Tensor actual)
    {
        float[] e = expected.Values<float>(), a = actual.Values<float>();
        double Product(float[] x, float[] y) => x.Zip(y).Sum(p => (double)p.First * p.Second);
        return Product(e, a) / Math.Sqrt(Product(e, e) * Product(a, a));
    }

    private static void AssertSimulated(CompressedModel model, LoweredModel lowered, Graph graph, out double cosine)
    {
        PlanExecutor executor = Plans.Execute(lowered);
        var random = new Random(23);
        Tensor[] sample = [.. graph.Inputs.Select(i => RandomTensors.Of(random, graph.TypeOf(i)))];
        Tensor expected = new QuantizedGraphEvaluator(model.Graph, model.Annotation<GraphQuantization>()!).Evaluate(sample)[0];
        Tensor actual = executor.Run(sample)[0];
        Assert.Equal(expected.Values<float>(), actual.Values<float>());
        cosine = Cosine(new GraphEvaluator(graph).Evaluate(sample)[0], actual);
    }
}
