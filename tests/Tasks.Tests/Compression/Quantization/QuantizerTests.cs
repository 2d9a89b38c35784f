using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Which nodes run in integers, how values are quantised and how well the outcome serves, on hand-built graphs.</summary>
public class QuantizerTests
{
    [Fact]
    public void PerceptronRunsInIntegersToTheEnd()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 32);
        x = g.Dense("a", x, 32, 48, relu: true);
        x = g.Dense("b", x, 48, 24, relu: true);
        x = g.Dense("c", x, 24, 10);
        x = g.Add("p", "Softmax", [x], n => n.With("axis", -1));
        Graph graph = g.Build(x);

        GraphQuantization q = Quantize(graph, QuantizationOptions.Default with { PairSums = PairSums.Free });
        Assert.All(q.Nodes.Values, n => Assert.True(n.Integer));
        Assert.Equal(0, q.Values["a"].ZeroPoint);
        Assert.Equal(new(ActivationType.S32, 1.0 / (1 << 30), 0), q.Values["p"]);
        Assert.Equal(ActivationType.S32, q.Values["c"].Type);
        Assert.Equal((float)(q.Weights["c/node"].Scales.Max() * q.Values["b"].Scale), q.Values["c"].Scale);
        Assert.Equal(1, q.IntegerMacShare(graph));
        Assert.True(Accuracy(graph, q) > 30, $"{Accuracy(graph, q)} dB");
    }

    [Fact]
    public void ResidualNetworkKeepsGroupsTogether()
    {
        Graph graph = Residual();
        GraphQuantization q = Quantize(graph);
        Assert.All(q.Nodes.Values, n => Assert.True(n.Integer, n.Reason));
        Assert.Equal(q.Values["stem"], q.Values["pool"]);
        Assert.Equal(q.Values["mean"], q.Values["flat"]);
        Assert.NotEqual(q.Values["left"], q.Values["sum"]);
        Assert.True(Accuracy(graph, q) > 25, $"{Accuracy(graph, q)} dB");
    }

    [Theory]
    [InlineData(nameof(CalibrationMethod.MinMax))]
    [InlineData(nameof(CalibrationMethod.Percentile))]
    [InlineData(nameof(CalibrationMethod.Entropy))]
    [InlineData(nameof(CalibrationMethod.MeanSquaredError))]
    public void EveryMethodWorks(string method)
    {
        Graph graph = Residual();
        GraphQuantization q = Quantize(graph, QuantizationOptions.Default with { Calibration = Enum.Parse<CalibrationMethod>(method) });
        Assert.True(Accuracy(graph, q) > 18, $"{Accuracy(graph, q)} dB");
    }

    [Fact]
    public void AutomaticChoiceIsNoWorseAtTheReaderThanAnyMethod()
    {
        var g = new FloatGraph();
        string x = g.Add("y", "Gemm", [g.Input("x", 1, 64), g.Noise("w", 0.1, 32, 64)], n => n.With("transB", 1));
        Graph graph = g.Build(x);

        // One value in a thousand is far out, so that methods differ.
        SampleSet data = FloatGraph.Samples(graph, 24);
        foreach (IReadOnlyList<Tensor> sample in data.Samples.Take(3))
            sample[0].Values<float>()[5] = 40;
        double automatic = Error(CalibrationMethod.Auto);
        foreach (CalibrationMethod method in (CalibrationMethod[])[CalibrationMethod.MinMax, CalibrationMethod.Percentile,
            CalibrationMethod.Entropy, CalibrationMethod.MeanSquaredError])
            Assert.True(automatic <= Error(method) * 1.02, $"{method}: {Error(method)} against {automatic}");

        // All samples are probes here, so that the whole error is the one the choice was made by, but for the weights' rounding.
        double Error(CalibrationMethod method)
        {
            GraphQuantization q = Quantize(graph,
                QuantizationOptions.Default with { Calibration = method, Precision = ModelPrecision.Int8 }, data);
            return Measure(graph, q, data).Relative;
        }
    }

    [Fact]
    public void ElementwiseNodesAroundTheDotProductsStayFloat()
    {
        var g = new FloatGraph();
        string x = g.Add("scaled", "Mul", [g.Input("x", 1, 16), g.Noise("factor", 1, 16)]);
        x = g.Add("shaped", "Reshape", [x, g.Constant("shape", Tensor.Of([1L, 16L], 2))]);
        x = g.Dense("a", x, 16, 16, relu: true);
        x = g.Dense("b", x, 16, 8);
        x = g.Add("t", "Tanh", [x]);
        x = g.Add("out", "Mul", [x, g.Noise("gain", 1, 8)]);
        GraphQuantization q = Quantize(g.Build(x));
        Assert.Equal("before the first integer dot product", q.Nodes["scaled/node"].Reason);
        Assert.True(q.Nodes["shaped/node"].Integer);
        Assert.Equal("behind the last integer dot product", q.Nodes["t/node"].Reason);
        Assert.Equal("behind the last integer dot product", q.Nodes["out/node"].Reason);
        Assert.Equal(ActivationType.S32, q.Values["b"].Type);
    }

    [Fact]
    public void IslandsWithoutDotProductsStayFloat()
    {
        var g = new FloatGraph();
        string x = g.Add("pool", "MaxPool", [g.Input("x", 1, 4, 8, 8)], n => n.With("kernel_shape", 2, 2).With("strides", 2, 2));
        GraphQuantization q = Quantize(g.Build(x));
        Assert.Equal("no integer dot product beside it", q.Nodes["pool/node"].Reason);
        Assert.Empty(q.Values);
    }

    [Fact]
    public void ForcedPrecisionsAreObeyed()
    {
        var g = new FloatGraph();
        string x = g.Add("scaled", "Mul", [g.Input("x", 1, 16), g.Noise("factor", 1, 16)]);
        x = g.Dense("a", x, 16, 8);
        x = g.Add("root", "Sqrt", [g.Add("square", "Mul", [x, x])]);
        Graph graph = g.Build(x);
        GraphQuantization forced = Quantize(graph, QuantizationOptions.Default with { Precision = ModelPrecision.Int8 });
        Assert.All(forced.Nodes.Values, n => Assert.True(n.Integer, n.Reason));
        GraphQuantization none = Quantize(graph, QuantizationOptions.Default with { Precision = ModelPrecision.Float32 });
        Assert.All(none.Nodes.Values, n => Assert.Equal("Precision=Float32", n.Reason));
        Assert.Empty(none.Values);
        Assert.Empty(none.Weights);
    }

    [Fact]
    public void NodeTornByOutliersStaysFloat()
    {
        // A product of two values of which one holds 10^6 in one place and values near 1 elsewhere, which all matter behind it.
        var g = new FloatGraph();
        string x = g.Dense("a", g.Input("x", 1, 16), 16, 16);
        float[] factors = [.. Enumerable.Range(0, 16).Select(i => i == 3 ? 1e6f : 1f)];
        x = g.Add("torn", "Mul", [x, g.Constant("factors", Tensor.Of(factors, 16))]);
        x = g.Add("back", "Mul", [x, g.Constant("inverse", Tensor.Of([.. factors.Select(f => 1 / f)], 16))]);
        x = g.Dense("b", x, 16, 8);
        Graph graph = g.Build(x);
        CompressionResult result = new Quantizer(QuantizationOptions.Default).Apply(new(graph), FloatGraph.Samples(graph, 16), default);
        GraphQuantization q = result.Model.Annotation<GraphQuantization>()!;
        QuantizationInvariants.Check(graph, q);
        Assert.False(q.Nodes["back/node"].Integer);
        Assert.Contains("signal to noise", q.Nodes["back/node"].Reason, StringComparison.Ordinal);
        Assert.Equal(1, q.IntegerMacShare(graph));
        Assert.True(Accuracy(graph, q) > 20, $"{Accuracy(graph, q)} dB");
        Diagnostics.Diagnostic message = Assert.Single(result.Diagnostics);
        Assert.Equal("OPT0027", message.Descriptor.Code);
        Assert.Contains("back/node", message.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void SigmoidAtTheEndIsFixedPointAndATableElsewhere()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 16);
        string gate = g.Add("gate", "Sigmoid", [g.Dense("a", x, 16, 16)]);
        x = g.Add("gated", "Mul", [g.Dense("b", x, 16, 16), gate]);
        x = g.Dense("c", x, 16, 4);
        x = g.Add("flat", "Reshape", [x, g.Constant("shape", Tensor.Of([4L], 1))]);
        x = g.Add("end", "Sigmoid", [x]);
        Graph graph = g.Build(x);
        GraphQuantization q = Quantize(graph);
        Assert.Equal(ActivationType.U8, q.Values["gate"].Type);
        Assert.Equal(ActivationType.S32, q.Values["c"].Type);
        Assert.Equal(ActivationType.S32, q.Values["flat"].Type);
        Assert.Equal(new(ActivationType.S32, 1.0 / (1 << 30), 0), q.Values["end"]);
        Assert.True(Accuracy(graph, q) > 25, $"{Accuracy(graph, q)} dB");
    }

    [Fact]
    public void SoftmaxInTheMiddleGivesBytes()
    {
        var g = new FloatGraph();
        string x = g.Add("p", "Softmax", [g.Dense("a", g.Input("x", 1, 16), 16, 6)], n => n.With("axis", 1));
        Graph graph = g.Build(g.Dense("b", x, 6, 4));
        GraphQuantization q = Quantize(graph);
        Assert.Equal(ActivationType.S32, q.Values["a"].Type);
        Assert.Equal(new(ActivationType.U8, 1.0 / 256, 0), q.Values["p"]);
        Assert.True(Accuracy(graph, q) > 25, $"{Accuracy(graph, q)} dB");
    }

    [Fact]
    public void LogSoftmaxAtTheEndIsInFixedPoint()
    {
        var g = new FloatGraph();
        string x = g.Add("p", "LogSoftmax", [g.Dense("a", g.Input("x", 1, 16), 16, 6)], n => n.With("axis", 1));
        Graph graph = g.Build(g.Add("flat", "Flatten", [x], n => n.With("axis", 0L)));
        GraphQuantization q = Quantize(graph);
        Assert.All(q.Nodes.Values, n => Assert.True(n.Integer, n.Reason));
        Assert.Equal(ActivationType.S32, q.Values["a"].Type);
        Assert.Equal(new(ActivationType.S32, (float)(Math.Log(2) / 65536), 0), q.Values["p"]);
        Assert.Equal(q.Values["p"], q.Values["flat"]);
        Assert.True(Accuracy(graph, q) > 25, $"{Accuracy(graph, q)} dB");
    }

    [Fact]
    public void LogarithmsThatWouldBeReadAsBytesStayFloat()
    {
        var g = new FloatGraph();
        string x = g.Add("p", "LogSoftmax", [g.Dense("a", g.Input("x", 1, 16), 16, 6)], n => n.With("axis", 1));
        Graph graph = g.Build(g.Dense("b", x, 6, 4));
        GraphQuantization q = Quantize(graph);
        Assert.False(q.Nodes["p/node"].Integer);
        Assert.Contains("read as bytes", q.Nodes["p/node"].Reason, StringComparison.Ordinal);
        Assert.True(q.Nodes["b/node"].Integer);
        Assert.True(Accuracy(graph, q) > 25, $"{Accuracy(graph, q)} dB");
    }

    [Fact]
    public void ConstantTensorsAndDeadInputsDoNoHarm()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("b", g.Dense("a", g.Input("x", 1, 8), 8, 8, relu: true), 8, 4));
        var zeros = new SampleSet([.. Enumerable.Range(0, 4).Select(_ => (IReadOnlyList<Tensor>)[Tensor.Zeros(graph.TypeOf("x"))])], false);
        GraphQuantization q = Quantize(graph, null, zeros);
        Assert.True(Measure(graph, q, zeros).Decibels > 25);
        var broken = new SampleSet([[Tensor.Of([float.NaN, float.PositiveInfinity, 1, -1, 0, 2, 3, 4], 1, 8)],
            .. FloatGraph.Samples(graph, 3).Samples], false);
        QuantizationInvariants.Check(graph,
            new Quantizer(QuantizationOptions.Default).Apply(new(graph), broken, default).Model.Annotation<GraphQuantization>()!);
    }

    [Fact]
    public void OutcomeIsTheSameEveryTime()
    {
        Graph graph = Residual();
        string first = Describe(Quantize(graph));
        for (int i = 0; i < 3; i++)
            Assert.Equal(first, Describe(Quantize(graph)));

        static string Describe(GraphQuantization q) => string.Join('\n', q.Values) + string.Join('\n', q.Nodes)
            + string.Join('\n', q.Weights.Select(w =>
                w.Key + string.Join(',', w.Value.Values) + string.Join(',', w.Value.Scales) + string.Join(',', w.Value.Bias)));
    }

    [Fact]
    public void CorrectedBiasesRemoveTheMeanShift()
    {
        // Inputs of large mean and coarse weights: rounding shifts each output by a constant.
        var g = new FloatGraph();
        string x = g.Add("y", "Gemm", [g.Input("x", 1, 64), g.Noise("w", 1, 16, 64)], n => n.With("transB", 1));
        Graph graph = g.Build(x);
        SampleSet data = FloatGraph.Samples(graph, 32, scale: 0.2f);
        foreach (IReadOnlyList<Tensor> sample in data.Samples)
            for (int i = 0; i < 64; i++)
                sample[0].Values<float>()[i] += 3;
        QuantizationOptions free = QuantizationOptions.Default with { PairSums = PairSums.Free };
        double with = Measure(graph, Quantize(graph, free, data), data).Relative;
        double without = Measure(graph, Quantize(graph, free with { CorrectBiases = false }, data), data).Relative;
        Assert.True(with < without * 0.8, $"{with} against {without}");
    }

    [Fact]
    public void SyntheticSamplesAreWarnedOf()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("a", g.Input("x", 1, 8), 8, 4));
        CompressionResult result = new Quantizer(QuantizationOptions.Default).Apply(new(graph),
            FloatGraph.Samples(graph, 4) with { Synthetic = true }, default);
        Diagnostics.Diagnostic warning = Assert.Single(result.Diagnostics);
        Assert.Equal("OPT0018", warning.Descriptor.Code);
        Assert.Contains("1 of 1 nodes and 100.0 %", result.Notes[0], StringComparison.Ordinal);
        Assert.Contains("dB", result.Notes[1], StringComparison.Ordinal);
    }

    [Fact]
    public void WorkStopsWhenCancelled()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("a", g.Input("x", 1, 8), 8, 4));
        Assert.ThrowsAny<OperationCanceledException>(() =>
            new Quantizer(QuantizationOptions.Default).Apply(new(graph), FloatGraph.Samples(graph, 4), new CancellationToken(true)));
    }

    private static Graph Residual()
    {
        var g = new FloatGraph();
        string x = g.Conv("stem", g.Input("x", 1, 12, 12, 3), 3, 8, 3, relu: true);
        x = g.Add("pool", "MaxPool", [x], n => n.With("channels_last", 1).With("kernel_shape", 2, 2).With("strides", 2, 2));
        string left = g.Conv("left", g.Conv("depthwise", x, 8, 8, 3, relu: true, groups: 8), 8, 16, 1);
        string right = g.Conv("right", x, 8, 16, 1);
        x = g.Add("sum", "Add", [left, right], n => FloatGraph.Relu(n));
        x = g.Conv("last", x, 16, 12, 3, relu: true, stride: 2);
        x = g.Add("mean", "GlobalAveragePool", [x], n => n.With("channels_last", 1));
        x = g.Add("flat", "Flatten", [x], n => n.With("axis", 1));
        return g.Build(g.Dense("scores", x, 12, 5));
    }

    private static GraphQuantization Quantize(Graph graph, QuantizationOptions? options = null, SampleSet? data = null)
    {
        CompressionResult result = new Quantizer(options ?? QuantizationOptions.Default).Apply(new(graph), data
            ?? FloatGraph.Samples(graph, 32), default);
        Assert.Same(graph, result.Model.Graph);
        QuantizationInvariants.Check(graph, result.Model.Annotation<GraphQuantization>()!);
        return result.Model.Annotation<GraphQuantization>()!;
    }

    // On samples that the quantiser has not seen.
    private static double Accuracy(Graph graph, GraphQuantization quantization) =>
        Measure(graph, quantization, FloatGraph.Samples(graph, 32, seed: 2)).Decibels;

    private static ErrorPower Measure(Graph graph, GraphQuantization quantization, SampleSet data)
    {
        Tensor[][] exact = new GraphEvaluator(graph).EvaluateMany(data.Samples);
        Tensor[][] rounded = new QuantizedGraphEvaluator(graph, quantization).EvaluateMany(data.Samples);
        return exact.Zip(rounded).Aggregate(default(ErrorPower), (sum, pair) => sum + ErrorPower.Between(pair.Second[0], pair.First[0]));
    }
}
