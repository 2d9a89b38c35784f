using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Compression.Recovery;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Lowering;

/// <summary>
/// Layers that multiply signs by signs, from the graph to the bytes: scales and biases are such that float32 sums are exact.
/// </summary>
public sealed class SignLayersTests
{
    [Theory]
    [InlineData("Float32")]
    [InlineData("Auto")]
    [InlineData("Int8")]
    public void ANetworkOfSignsIsExactAndTakesABitForEachWeight(string precision)
    {
        var g = new FloatGraph();
        string x = g.Add("s0", "Sign", [g.Input("x", 3, 784)]);
        x = g.Add("s1", "Sign", [Dense(g, "a", x, 784, 1024)]);
        x = g.Add("s2", "Sign", [Dense(g, "b", x, 1024, 1024)]);
        Graph graph = g.Build(Dense(g, "c", x, 1024, 10));
        LoweredModel lowered = Lower(graph, Enum.Parse<ModelPrecision>(precision));
        Assert.Equal(
            ["SignPlanes", "SignConvolution", "SignPlanes", "SignConvolution", "SignPlanes", "SignConvolution"],
            lowered.Calls.Select(c => c.Kernel));
        Assert.All(lowered.Sections, s => Assert.IsType<SignBits>(s.Storage));
        int weights = (784 * 1024) + (1024 * 1024) + (1024 * 10);
        Assert.InRange(lowered.Weights.Length, weights / 8, weights / 7);
        AssertExact(graph, lowered);
    }

    [Fact]
    public void WindowsPaddingAndZerosAreExact()
    {
        var g = new FloatGraph();
        string x = g.Add("s0", "Sign", [g.Input("x", 2, 9, 9, 12)]);
        string a = Conv(g, "a", x, 12, 20, 3);
        string s = g.Add("s1", "Sign", [a]);

        // Signs that are handed on, and signs that two layers and an addition read.
        string b = Conv(g, "b", s, 20, 20, 3);
        string c = Conv(g, "c", s, 20, 20, 1);
        string sum = g.Add("sum", "Add", [b, g.Add("sum0", "Add", [c, s])]);
        string pooled = g.Add("pool", "MaxPool", [g.Add("s2", "Sign", [sum])],
            n => n.With("channels_last", 1).With("kernel_shape", 3, 3).With("strides", 3, 3));
        string rows = g.Add("flat", "Reshape", [pooled, g.Constant("shape", Tensor.Of([2L, 180], 2))]);
        Graph graph = g.Build(Dense(g, "d", rows, 180, 7));
        LoweredModel lowered = Lower(graph, ModelPrecision.Auto);
        Assert.Equal(4, lowered.Calls.Count(k => k.Kernel == "SignConvolution"));

        // The bits with a border serve the layer that needs none.
        Assert.Equal(3, lowered.Calls.Count(k => k.Kernel == "SignPlanes"));
        Assert.Equal(2, lowered.Calls.Count(k => k.Method == "Sign"));
        AssertExact(graph, lowered);
    }

    [Fact]
    public void WhatIsNoSignTimesSignKeepsItsKernels()
    {
        var g = new FloatGraph();
        string s = g.Add("s", "Sign", [g.Input("x", 1, 40)]);
        string w = g.Constant("w", Tensor.Of([.. Enumerable.Range(0, 8 * 40).Select(i => i == 7 ? 0f : i % 2 - 0.5f)], 8, 40));
        string other = g.Add("y", "Gemm", [s, w], n => n.With("transB", 1));
        string noSigns = Dense(g, "z", g.Add("abs", "Abs", [other]), 8, 4);
        Graph graph = g.Build(noSigns);
        Assert.DoesNotContain(Lower(graph, ModelPrecision.Float32).Calls, c => c.Kernel.StartsWith("SignC", StringComparison.Ordinal));
    }

    /// <summary>What a maximum over nothing but padding gives is the least of all numbers, and no sign.</summary>
    [Theory]
    [InlineData(1, 0)]
    [InlineData(2, 1)]
    public void AWindowInThePaddingGivesNoSign(int width, int layers)
    {
        var g = new FloatGraph();
        string pooled = g.Add("pool", "MaxPool", [g.Add("s", "Sign", [g.Input("x", 1, 2, width, 8)])], n => n.With("channels_last", 1)
            .With("kernel_shape", 2, 2).With("dilations", 2, 2).With("pads", 1, 1, 1, 1));
        Graph graph = g.Build(Conv(g, "a", pooled, 8, 4, 1));
        Assert.Equal(layers, Lower(graph, ModelPrecision.Float32).Calls.Count(c => c.Kernel == "SignConvolution"));
    }

    /// <summary>Weights of the same name and values that do not meet signs stay numbers, also where both share a blob.</summary>
    [Fact]
    public void ALayerOfTheSameNameMayReadWhatIsNoSign()
    {
        Graph Graph(string function)
        {
            var g = new FloatGraph();
            return g.Build(Dense(g, "a", g.Add("s", function, [g.Input("x", 2, 40)]), 40, 9));
        }
        var weights = new WeightsBlob();
        foreach (string function in (string[])["Sign", "Floor", "Sign"])
        {
            Graph graph = Graph(function);
            LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions(), weights: weights);
            Assert.Equal(function == "Sign" ? "SignConvolution" : "Float32Dense", lowered.Calls.Last().Kernel);
            AssertExact(graph, lowered);
        }
    }

    /// <summary>Values that weights share are trained in layers of numbers only: signs would be none any more.</summary>
    [Fact]
    public void SignsAreNotTrainedAsSharedValues()
    {
        var g = new FloatGraph();
        string x = Dense(g, "a", g.Add("s", "Sign", [g.Input("x", 2, 40)]), 40, 16);
        Graph graph = g.Build(Dense(g, "b", g.Add("r", "Relu", [x]), 16, 8));
        var student = new QuantizedStudent(graph, Quantize(graph, new() { Precision = ModelPrecision.Float32 })
            .Annotation<GraphQuantization>()!, (_, _) => WeightLevels.Bits8, _ => true);
        Assert.Equal("b.w", Assert.Single(student.Parameters).Name);
    }

    [Fact]
    public void BinaryPrecisionMakesSignsOfWeights()
    {
        var g = new FloatGraph();
        string x = g.Dense("a", g.Input("x", 1, 32), 32, 48);
        x = g.Dense("b", g.Add("s1", "Sign", [x]), 48, 64);
        Graph graph = g.Build(g.Dense("c", g.Add("s2", "Sign", [x]), 64, 10));
        CompressedModel model = Quantize(graph, new() { Weights = ModelPrecision.Binary, LeastOutputSignalToNoise = null,
            OutputSignalToNoise = 0 });
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());

        // The first and the last layer keep their weights, as with all coarse levels.
        WeightSection section = Assert.Single(lowered.Sections, s => s.Storage is SignBits);
        Assert.Equal("b/node", section.Node);
        float[] before = graph.Constants["b.w"].Values<float>();
        float[] after = section.Storage.Unpack(section.Shape, lowered.Weights.AsSpan(section.Offset, section.Bytes)).Values<float>();
        for (int o = 0; o < 64; o++)
        {
            double mean = before.AsSpan(o * 48, 48).ToArray().Average(w => Math.Abs((double)w));
            for (int k = 0; k < 48; k++)
                Assert.Equal(before[(o * 48) + k] < 0 ? -(float)mean : (float)mean, after[(o * 48) + k]);
        }

        // A rule reaches the last layer, too.
        model = Quantize(graph, new() { Layers = LayerRules.Parse("*:Binary")!, LeastOutputSignalToNoise = null, OutputSignalToNoise = 0 });
        Assert.Equal(2, GraphLowerer.Lower(model, new BoundaryOptions()).Sections.Count(s => s.Storage is SignBits));
    }

    private static CompressedModel Quantize(Graph graph, QuantizationOptions options) =>
        new Quantizer(options).Apply(new CompressedModel(graph), FloatGraph.Samples(graph, 6), CancellationToken.None).Model;

    private static LoweredModel Lower(Graph graph, ModelPrecision precision) =>
        GraphLowerer.Lower(Quantize(graph, new() { Precision = precision }), new BoundaryOptions());

    private static void AssertExact(Graph graph, LoweredModel lowered)
    {
        PlanExecutor executor = Plans.Execute(lowered);
        var reference = new GraphEvaluator(graph);
        for (int seed = 0; seed < 3; seed++)
        {
            Tensor[] sample = [.. FloatGraph.Samples(graph, 1, seed).Samples[0]];
            for (int i = seed; i < sample[0].Count; i += 97)
                sample[0].Values<float>()[i] = 0;
            Assert.Equal(reference.Evaluate(sample)[0].Data, executor.Run(sample)[0].Data);
        }
    }

    private static string Dense(FloatGraph g, string name, string input, int inputs, int outputs) => g.Add(
        name, "Gemm", [input, Signs(g, name, outputs, inputs), Biases(g, name, outputs)], n => n.With("transB", 1));

    private static string Conv(FloatGraph g, string name, string input, int inputs, int outputs, int kernel) => g.Add(
        name, "Conv", [input, Signs(g, name, outputs, inputs, kernel, kernel), Biases(g, name, outputs)],
        n => n.With("channels_last", 1).With("pads", kernel / 2, kernel / 2, kernel / 2, kernel / 2));

    // Powers of two.
    private static string Signs(FloatGraph g, string name, params int[] dimensions)
    {
        var random = new Random(name[0]);
        int length = Shapes.Count(dimensions) / dimensions[0];
        return g.Constant(name + ".w", Tensor.Of([.. Enumerable.Range(0, dimensions[0] * length)
            .Select(i => (random.Next(2) == 0 ? -1 : 1) * MathF.ScaleB(1, -(i / length % 4)))], dimensions));
    }

    private static string Biases(FloatGraph g, string name, int count) =>
        g.Constant(name + ".b", Tensor.Of([.. Enumerable.Range(0, count).Select(i => (i % 5) - 2f)], count));
}
