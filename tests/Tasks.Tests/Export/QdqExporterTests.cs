using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Onnx;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Export;

/// <summary>Exported models, read by the importer and run by the reference evaluator, against the quantiser's own simulation.</summary>
public sealed class QdqExporterTests
{
    private const int Samples = 8;

    [Fact]
    public void AConvolutionStandsBetweenItsScales()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 8, 8, 3);
        g.Conv("a", x, 3, 8, 3, relu: true);
        g.Conv("b", "a", 8, 4, 1);
        g.Conv("c", "b", 4, 4, 3, groups: 4);
        CompressedModel model = Quantize(g.Build("c"));
        Check(model, levels: 2);

        // Not the imported graph, in which DequantizeLinear of constants is folded.
        GraphProto exported = ModelProto.Parser.ParseFrom(QdqExporter.Export(model)).Graph;
        foreach (string name in (string[])["a", "b", "c"])
        {
            WeightQuantization weights = model.Annotation<GraphQuantization>()!.Weights[name + "/node"];
            NodeProto conv = exported.Node.Single(n => n.Name == name + "/node");
            NodeProto[] inputs = [.. conv.Input.Select(i => exported.Node.Single(n => n.Output[0] == i))];
            Assert.All(inputs, n => Assert.Equal("DequantizeLinear", n.OpType));
            float inputScale = Constant(exported, inputs[0].Input[1]).Values<float>()[0];
            Assert.Equal((float)model.Annotation<GraphQuantization>()!.Values[name == "a" ? "x" : name == "b" ? "a" : "b"].Scale,
                inputScale);
            Assert.Equal(weights.Values, Constant(exported, inputs[1].Input[0]).Values<sbyte>());
            Assert.Equal(weights.Scales.Select(s => (float)s), Constant(exported, inputs[1].Input[1]).Values<float>());
            Assert.Equal(0, inputs[1].Attribute.Single(a => a.Name == "axis").I);
            Assert.Equal(weights.Bias, Constant(exported, inputs[2].Input[0]).Values<int>());
            Assert.Equal(weights.Scales.Select(s => (float)(s * inputScale)), Constant(exported, inputs[2].Input[1]).Values<float>());
        }

        // The two transpositions are those of the graph's own input and output, which have their channels last.
        Assert.Equal(2, exported.Node.Count(n => n.OpType == "Transpose"));
        Assert.DoesNotContain(exported.Node, n => n.OpType is "Relu" or "Clip");
    }

    [Fact]
    public void TwoOutputsMayShowOneValue()
    {
        // Both transpositions give the value in the order that the file has anyway.
        var g = new FloatGraph();
        string x = g.Input("x", 1, 5, 5, 3);
        g.Conv("a", x, 3, 4, 3, relu: true);
        foreach (string output in (string[])["p", "q", "r"])
            g.Add(output, "Transpose", ["a"], n => n.With("perm", 0, 3, 1, 2));
        Graph graph = g.Build("p", "q", "r");
        Graph exported = OnnxImporter.Import(QdqExporter.Export(new CompressedModel(graph)), "exported.onnx", ImportOptions.Default).Graph;
        IReadOnlyList<Tensor> sample = FloatGraph.Samples(graph, 1).Samples[0];
        Tensor[] expected = new GraphEvaluator(graph).Evaluate(sample), actual = new GraphEvaluator(exported).Evaluate(sample);
        Assert.Equal<IEnumerable<string>>(["p", "q", "r"], exported.Outputs);
        for (int o = 0; o < 3; o++)
            RandomTensors.AssertClose(expected[o], actual[o], 1e-5f, exported.Outputs[o]);
    }

    [Fact]
    public void AnActivationThatCutsLevelsOffIsKept()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 6, 6, 4);
        g.Conv("a", x, 4, 4, 3);
        g.Add("half", "Conv", ["a", g.Noise("w", 1, 4, 4, 1, 1)], n => n.With("channels_last", 1)
            .With("activation", new AttributeValue.Text("Clip")).With("activation_min",
                new AttributeValue.Float(-0.5f)).With("activation_max", new AttributeValue.Float(0.25f)));
        g.Conv("c", "half", 4, 4, 1);
        CompressedModel model = Quantize(g.Build("c"));
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        ActivationQuantization half = quantization.Values["half"];
        model = model.With(quantization with { Values = quantization.Values.SetItem("half", half with { Scale = half.Scale * 2 }) });

        Graph exported = Check(model, levels: 2);
        Assert.Contains(exported.Nodes, n => n.OpType == "Clip");
    }

    [Fact]
    public void ADynamicRangeIsWrittenInOperatorsOfOnnx()
    {
        // Normal noise and, in every second sample, zeros with a few peaks.
        var g = new FloatGraph();
        string x = g.Add("normal", "Div", [g.Input("x", 1, 6, 6, 8), g.Constant("one", Tensor.Of([1f], 1))]);
        Graph graph = g.Build(g.Conv("y", x, 8, 16, 3, relu: true));
        SampleSet samples = FloatGraph.Samples(graph, 32);
        foreach (IReadOnlyList<Tensor> sample in samples.Samples.Where((_, i) => i % 2 == 0))
            for (int k = 0; k < sample[0].Count; k++)
                sample[0].Values<float>()[k] *= k % 29 == 3 ? 25 : 0;
        CompressedModel model = new Quantizer(QuantizationOptions.Default).Apply(new(graph), samples, default).Model;
        Assert.Contains(model.Graph.Nodes, DynamicRange.IsPart);
        Graph exported = Check(model, levels: 2);
        Assert.DoesNotContain(exported.Nodes, DynamicRange.IsPart);
    }

    [Fact]
    public void MatrixProductsWithAndWithoutBias()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 3, 12);
        g.Dense("a", x, 12, 16, relu: true);
        g.Add("b", "MatMul", ["a", g.Noise("bw", 0.3, 16, 8)]);
        g.Add("c", "Gemm", ["b", g.Noise("cw", 0.3, 8, 5), g.Noise("cb", 0.3, 5)], n => n.With("alpha", new AttributeValue.Float(0.5f)));
        Check(Quantize(g.Build("c")), levels: 2);
    }

    [Fact]
    public void MatrixProductsOfMoreDimensions()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 2, 5, 12);
        g.Add("a", "MatMul", [x, g.Noise("aw", 0.3, 12, 16)]);
        g.Add("b", "Relu", ["a"]);
        g.Add("c", "MatMul", ["b", g.Noise("cw", 0.3, 16, 4)]);
        Check(Quantize(g.Build("c")), levels: 2);
    }

    [Fact]
    public void ResidualsConcatenationsPoolsAndSoftmax()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 8, 8, 4);
        g.Conv("a", x, 4, 8, 3, relu: true);
        g.Conv("b", "a", 8, 8, 3);
        g.Add("sum", "Add", ["a", "b"], n => FloatGraph.Relu(n));
        g.Add("pool", "MaxPool", ["sum"], n => n.With("channels_last", 1).With("kernel_shape", 2, 2).With("strides", 2, 2));
        g.Add("scaled", "Mul", ["pool", g.Noise("per channel", 1, 8)]);
        g.Add("both", "Concat", ["pool", "scaled"], n => n.With("axis", -1));
        g.Add("mean", "GlobalAveragePool", ["both"], n => n.With("channels_last", 1));
        g.Add("flat", "Reshape", ["mean", g.Constant("shape", Tensor.Of([1L, 16], 2))]);
        g.Dense("logits", "flat", 16, 5);
        g.Add("probabilities", "Softmax", ["logits"], n => n.With("axis", 1));
        Check(Quantize(g.Build("probabilities")), levels: 0, tolerance: 0.02f);
    }

    [Fact]
    public void FunctionsOfOneValueAreWrittenOut()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 16);
        g.Dense("a", x, 16, 16);
        g.Add("s", "Sigmoid", ["a"]);
        g.Add("y", "Mul", ["a", "s"]);
        g.Dense("b", "y", 16, 4);
        Graph graph = Passes.PassPipeline.Run(g.Build("b"));
        Assert.Contains(graph.Nodes, n => n.OpType == "FusedElementwise");
        Graph exported = Check(Quantize(graph), levels: 3);
        Assert.Contains(exported.Nodes, n => n.OpType == "Sigmoid");
    }

    [Fact]
    public void WithoutQuantisationTheModelIsFloat()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 6, 6, 3);
        g.Conv("a", x, 3, 4, 3, relu: true);
        var model = new CompressedModel(g.Build("a"));
        Graph exported = Import(model);
        Assert.DoesNotContain(exported.Nodes, n => n.OpType is "QuantizeLinear" or "DequantizeLinear");
        SampleSet samples = FloatGraph.Samples(model.Graph, 1);
        Passes.RandomTensors.AssertClose(
            new GraphEvaluator(model.Graph).Evaluate(samples.Samples[0])[0], new GraphEvaluator(exported).Evaluate(samples.Samples[0])[0],
                1e-5f, "a");
    }

    [Fact]
    public void AnOutputThatIsAnInputOrTwoOutputsAtOnce()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 4);
        g.Dense("a", x, 4, 4);
        g.Add("same", "Identity", ["a"]);
        Graph exported = Check(Quantize(g.Build("a", "same")), levels: 1);
        Assert.Equal<IEnumerable<string>>(["a", "same"], exported.Outputs);
    }

    [Fact]
    public void TheSameModelGivesTheSameBytes()
    {
        CompressedModel Make()
        {
            var g = new FloatGraph();
            string x = g.Input("x", 1, 8, 8, 3);
            g.Conv("a", x, 3, 8, 3, relu: true);
            return Quantize(g.Build("a"));
        }
        Assert.Equal(QdqExporter.Export(Make()), QdqExporter.Export(Make()));
    }

    [Fact]
    public void CancellationStopsIt()
    {
        var g = new FloatGraph();
        g.Dense("a", g.Input("x", 1, 4), 4, 4);
        Assert.Throws<OperationCanceledException>(() => QdqExporter.Export(new CompressedModel(g.Build("a")), new CancellationToken(true)));
    }

    private static CompressedModel Quantize(Graph graph) => new Quantizer(new QuantizationOptions { Precision = ModelPrecision.Int8 })
        .Apply(new CompressedModel(graph), FloatGraph.Samples(graph, Samples), CancellationToken.None).Model;

    private static Graph Import(CompressedModel model) =>
        OnnxImporter.Import(QdqExporter.Export(model), "exported.onnx", ImportOptions.Default).Graph;

    // Compares on other samples than those of the calibration, so that clipping takes part.
    private static Graph Check(CompressedModel model, int levels, float tolerance = 0)
    {
        byte[] file = QdqExporter.Export(model);
        Graph exported = OnnxImporter.Import(file, "exported.onnx", ImportOptions.Default).Graph;
        Assert.Equal<IEnumerable<string>>(model.Graph.Inputs, exported.Inputs);
        Assert.Equal<IEnumerable<string>>(model.Graph.Outputs, exported.Outputs);
        var expected = new QuantizedGraphEvaluator(model.Graph, model.Annotation<GraphQuantization>()!);
        var actual = new GraphEvaluator(exported);
        foreach (IReadOnlyList<Tensor> sample in FloatGraph.Samples(model.Graph, Samples, seed: 5, scale: 1.5f).Samples)
        {
            Tensor[] mine = expected.Evaluate(sample), theirs = actual.Evaluate(sample);
            Tensor[] runtime = OnnxRuntimeModel.Run(file, exported, sample);
            for (int o = 0; o < mine.Length; o++)
            {
                AssertSimilar(theirs[o].Values<float>(), runtime[o].Values<float>(), exported.Outputs[o]);
                Assert.Equal(mine[o].Type, theirs[o].Type);
                float[] a = mine[o].Values<float>(), b = theirs[o].Values<float>();
                float bound = tolerance > 0
                    ? tolerance
                    : levels * a.Max(Math.Abs) / 127;
                for (int i = 0; i < a.Length; i++)
                    Assert.True(Math.Abs(a[i] - b[i]) <= bound, $"output {o}, element {i}: {b[i]} instead of {a[i]}");
            }
        }
        return exported;
    }

    // ONNX Runtime fuses nodes into integer kernels with roundings of their own, which may part by some levels.
    private static void AssertSimilar(float[] reference, float[] runtime, string output)
    {
        double signal = reference.Sum(v => (double)v * v);
        double noise = reference.Zip(runtime, (a, b) => ((double)a - b) * ((double)a - b)).Sum();
        Assert.True(noise <= signal / 100, $"{output}: ONNX Runtime's signal to noise is {10 * Math.Log10(signal / noise):F1} dB");
    }

    private static Tensor Constant(GraphProto graph, string name)
    {
        TensorProto proto = graph.Initializer.Single(i => i.Name == name);
        return TensorProtoReader.Read(proto, name, new ExternalDataFolder(null));
    }
}
