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

/// <summary>The other forms in which quantised models come: operators on bytes, bytes at the edges, ranges measured at run time.</summary>
public sealed class PrequantizedFormTests
{
    private readonly Random _random = new(7);

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void OperatorsOnBytesRunInIntegers(bool isSigned)
    {
        ModelBuilder model = new ModelBuilder().Input("x", 1, 4, 10, 10);
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        Levels(model, "x", "s0", "z0", 0.01f, isSigned, 127);
        Levels(model, "a", "s1", "z1", 0.02f, isSigned, 100);
        Levels(model, "b", "s2", "z2", 0.025f, isSigned, 120);
        Levels(model, "c", "s3", "z3", 0.02f, isSigned, 90);
        Weights(model, "wa", 0, 6, 4, 3, 3);
        Weights(model, "wb", 0, 6, 1, 3, 3);
        Weights(model, "wc", 1, 6, 5);
        model.Constant("bias", Tensor.Of(Enumerable.Range(0, 6).Select(i => 300 * (i - 3)).ToArray(), 6))
            .Constant("shape", Tensor.Of([1L, 6L], 2))
            .Node("QuantizeLinear", "x,s0,z0", "xq")
            .Node("QLinearConv", "xq,s0,z0,wa,wa_scale,wa_zero,s1,z1,bias", "aq", ("pads", new long[] { 1, 1, 1, 1 }))
            .Node("QLinearConv", "aq,s1,z1,wb,wb_scale,wb_zero,s2,z2", "bq", ("pads", new long[] { 1, 1, 1, 1 }), ("group", 6));
        Microsoft(model, "QLinearAdd", "aq,s1,z1,bq,s2,z2,s3,z3", "sq");
        model.Node("MaxPool", "sq", "mq", ("kernel_shape", new long[] { 2, 2 }), ("strides", new long[] { 2, 2 }));
        Microsoft(model, "QLinearConcat", "s2,z2,mq,s3,z3,mq,s3,z3", "cq", ("axis", 1));
        Microsoft(model, "QLinearAveragePool", "cq,s2,z2,s2,z2", "pq", ("kernel_shape", new long[] { 2, 2 }));
        Microsoft(model, "QLinearLeakyRelu", "sq,s3,z3,s3,z3", "lq", ("alpha", 0.1f));
        Microsoft(model, "QLinearGlobalAveragePool", "lq,s3,z3,s3,z3", "gq", ("channels_last", 0));
        model.Node("Reshape", "gq,shape", "fq").Node("QLinearMatMul", "fq,s3,z3,wc,wc_scale,wc_zero,s1,z1", "yq");
        Microsoft(model, "QGemm", "fq,s3,z3,wc,wc_scale,wc_zero,,s1,z1", "eq", ("alpha", 1f));
        model.Node("DequantizeLinear", "yq,s1,z1", "y").Node("DequantizeLinear", "pq,s2,z2", "p").Node("DequantizeLinear", "eq,s1,z1", "e")
            .Output("y", "p", "e");
        Check(model, [0.02f, 0.025f, 0.02f]);
    }

    // Nothing is converted: bytes of the caller are the levels of the first layer, those of the last layer the caller's.
    [Theory]
    [InlineData(ElementTypes.Unsigned)]
    [InlineData(ElementTypes.Signed)]
    public void BytesAtTheEdgesStayBytes(ElementTypes bytes)
    {
        bool isSigned = bytes == ElementTypes.Signed;
        ModelBuilder model = new ModelBuilder().Input("xq", isSigned ? ElementType.Int8 : ElementType.UInt8, 1, 3, 8, 8);
        Levels(model, "x", "s0", "z0", 0.01f, isSigned, 110);
        Levels(model, "y", "s1", "z1", 0.03f, isSigned, 128);
        Weights(model, "w", 0, 5, 3, 3, 3);
        model.Node("DequantizeLinear", "xq,s0,z0", "x").Node("DequantizeLinear", "w,w_scale,w_zero", "wr", ("axis", 0))
            .Node("Conv", "x,wr", "c", ("pads", new long[] { 1, 1, 1, 1 })).Node("Relu", "c", "r")
            .Node("QuantizeLinear", "r,s1,z1", "yq").Output("yq");
        LoweredModel lowered = Check(model, [1f]);
        Assert.All(lowered.Calls, c => Assert.DoesNotContain("Float32", c.Kernel + c.Method, StringComparison.Ordinal));
        if (!isSigned)
            Assert.All(lowered.Calls, c => Assert.DoesNotContain("Table", c.Kernel, StringComparison.Ordinal));
    }

    // The rounding that a float node reads is done, whoever makes the value; what is read without it keeps its bits.
    [Fact]
    public void FloatNodesReadWhatTheModelRoundsForThem()
    {
        var net = new QuantizedNetwork(1, ElementType.UInt8, WeightForm.SignedPerChannel);
        string x = net.Gemm(net.Input(3, 12), 8);
        string y = net.Op("Sin", [x]);
        string sums = net.Gemm(y, 6, rounds: false);
        string z = net.Op("Cos", [sums]);
        string last = net.Add("Add", [net.Op("Sin", [z]), sums]);
        Check(net.Model.Output(last), [0.02f], isWhole: false);
    }

    /// <summary>Products of two activations keep the model's scales; one whose result nobody rounds hands over sums of 32 bits.</summary>
    [Theory]
    [InlineData(ElementTypes.Unsigned, true)]
    [InlineData(ElementTypes.Signed, false)]
    public void AttentionRunsWithTheScalesOfTheModel(ElementTypes bytes, bool rounds)
    {
        var net = new QuantizedNetwork(
            3, bytes == ElementTypes.Signed ? ElementType.Int8 : ElementType.UInt8, WeightForm.SignedPerChannel);
        string x = net.Input(1, 6, 16);
        string keys = net.Move("Transpose", [net.MatMul(x, 16)], ("perm", new long[] { 0, 2, 1 }));
        string[] scores = [net.MatMul(x, 16), keys];
        string softmax = net.Op("Softmax", [rounds ? net.Op("MatMul", scores) : net.Add("MatMul", scores)], ("axis", -1));
        string y = net.Op("MatMul", [softmax, net.MatMul(x, 16)]);
        LoweredModel lowered = Check(net.Model.Output(y), [2 * net.Scale(y)], isWhole: false);
        Assert.Equal(2, lowered.Calls.Count(c => c.Kernel == "Int8MatMul"));
        Assert.Equal(rounds ? 0 : 1, lowered.Calls.Count(c => c is { Kernel: "Int8MatMul", Method: "RunWide" }));
    }

    /// <summary>Recurrent layers keep the integers of their weights, those of the inputs and those of the state.</summary>
    [Theory]
    [InlineData("LSTM", 4)]
    [InlineData("GRU", 3)]
    [InlineData("RNN", 1)]
    public void RecurrentLayersRunWithTheWeightsOfTheModel(string layer, int gates)
    {
        ModelBuilder model = new ModelBuilder().Input("x", 5, 2, 12);
        Levels(model, "x", "s0", "z0", 0.01f, isSigned: false, 110);
        Weights(model, "w", 1, 1, gates * 8, 12);
        Weights(model, "r", 1, 1, gates * 8, 8);
        model.Constant("b", Tensor.Of(Enumerable.Range(0, 16 * gates).Select(i => (i % 7 / 20f) - 0.15f).ToArray(), 1, 16 * gates))
            .Node("QuantizeLinear", "x,s0,z0", "xq").Node("DequantizeLinear", "xq,s0,z0", "xr")
            .Node("DequantizeLinear", "w,w_scale,w_zero", "wr", ("axis", 1))
            .Node("DequantizeLinear", "r,r_scale,r_zero", "rr", ("axis", 1))
            .Node(layer, "xr,wr,rr,b", "y", ("hidden_size", 8)).Output("y");
        LoweredModel lowered = Check(model, [2e-3f], isWhole: false);
        Assert.Contains(lowered.Calls, c => c.Kernel == "Int8" + layer[..1] + layer[1..].ToLowerInvariant());
    }

    /// <summary>Bytes at the edge do not make a quantised model of a float one: its layers are calibrated as any others.</summary>
    [Theory]
    [InlineData(ElementTypes.Unsigned)]
    [InlineData(ElementTypes.Signed)]
    public void FloatLayersBehindBytesAreCalibrated(ElementTypes bytes)
    {
        bool isSigned = bytes == ElementTypes.Signed;
        ModelBuilder model = new ModelBuilder().Input("xq", isSigned ? ElementType.Int8 : ElementType.UInt8, 1, 3, 8, 8);
        Levels(model, "x", "s", "z", 1 / 64f, isSigned, 128);
        float[] weights = [.. Enumerable.Range(0, 6 * 3 * 9).Select(_ => _random.NextSingle() - 0.5f)];
        model.Constant("w", Tensor.Of(weights, 6, 3, 3, 3))
            .Node("DequantizeLinear", "xq,s,z", "x").Node("Conv", "x,w", "c", ("pads", new long[] { 1, 1, 1, 1 })).Node("Relu", "c", "y")
            .Output("y");
        Graph imported = model.Import();
        SampleSet samples = new(
            [.. Enumerable.Range(0, 8).Select(_ => (IReadOnlyList<Tensor>)[Draw(imported.TypeOf(imported.Inputs[0]))])], false);
        CompressedModel compressed = new Quantizer(new QuantizationOptions())
            .Apply(new CompressedModel(PassPipeline.Run(imported)), samples, CancellationToken.None).Model;
        GraphQuantization quantization = compressed.Annotation<GraphQuantization>()!;
        Assert.False(quantization.HasScalesOfModel);
        Assert.Equal(1, quantization.IntegerMacShare(compressed.Graph));
        QuantizationInvariants.Check(compressed.Graph, quantization);
        Tensor[] sample = [Draw(imported.TypeOf(imported.Inputs[0]))];
        PlanExecutor executor = Plans.Execute(GraphLowerer.Lower(compressed, new BoundaryOptions()));
        double[] expected = Reals(new GraphEvaluator(imported).Evaluate(sample)[0]), actual = Reals(executor.Run(sample)[0]);
        double noise = expected.Zip(actual).Sum(p => Math.Pow(p.First - p.Second, 2)) / expected.Sum(v => v * v);
        Assert.True(noise < 1e-3, $"noise {noise}");
    }

    [Fact]
    public void AnActivationWithoutLevelsBehindItStandsByItself()
    {
        var net = new QuantizedNetwork(2, ElementType.UInt8, WeightForm.SignedPerChannel);
        string y = net.Add("Relu", [net.Gemm(net.Input(3, 12), 8, rounds: false)]);
        Check(net.Model.Output(y), [1e-4f], isWhole: false);
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public void RangesOfDynamicQuantisationAreMeasuredAtRunTime(bool isConvolution, bool isWide)
    {
        ModelBuilder model = new ModelBuilder();
        int[] shape = isConvolution ? [24, 16, 3, 3] : [64, 48];
        if (isWide)
            model.Constant("w", Tensor.Of([.. Enumerable.Range(0, Shapes.Count(shape)).Select(_ => (byte)_random.Next(256))], shape));
        else
            Weights(model, "w", isConvolution ? 0 : 1, shape);
        if (isConvolution)
            model.Input("x", 1, 16, 9, 9).Constant("scales", Scales(24).Reshape(1, 24, 1, 1));
        else
            model.Input("x", 4, 64).Constant("scales", Scales(48));
        model.Constant("zero", isWide ? Tensor.Scalar((byte)97) : Tensor.Scalar((sbyte)0))
            .Constant("bias", Tensor.Of(Enumerable.Repeat(0.25f, 1).ToArray(), 1))
            .Node("DynamicQuantizeLinear", "x", "q,s,z");
        if (isConvolution)
            model.Node("ConvInteger", "q,w,z,zero", "i", ("pads", new long[] { 1, 1, 1, 1 }));
        else
            model.Node("MatMulInteger", "q,w,z,zero", "i");
        model.Node("Cast", "i", "c", ("to", 1)).Node("Mul", "s,scales", "f").Node("Mul", "c,f", "m").Node("Add", "m,bias", "y").Output("y");
        CheckDynamic(model);
    }

    [Fact]
    public void DynamicOperatorsOfMicrosoftAreTheSame()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 4, 64);
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        Weights(model, "w", 1, 64, 48);
        Weights(model, "v", 1, 48, 64);
        model.Constant("bias", Tensor.Of(Enumerable.Range(0, 48).Select(i => i / 50f).ToArray(), 48));
        Microsoft(model, "DynamicQuantizeMatMul", "x,w,w_scale,w_zero,bias", "a");
        model.Node("Tanh", "a", "t").Node("DynamicQuantizeLinear", "t", "q,s,z");
        Microsoft(model, "MatMulIntegerToFloat", "q,v,s,v_scale,z,v_zero", "y");
        CheckDynamic(model.Output("y"));
    }

    [Fact]
    public void RecurrentLayersOfMicrosoftKeepTheirIntegers()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 6, 4, 64);
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        foreach ((string name, int inputs) in ((string, int)[])[("w", 64), ("r", 32)])
        {
            sbyte[] weights = [.. Enumerable.Range(0, inputs * 128).Select(_ => (sbyte)_random.Next(-127, 128))];
            model.Constant(name, Tensor.Of(weights, 1, inputs, 128)).Constant(name + "s", Scales(128).Reshape(1, 128))
                .Constant(name + "z", Tensor.Of(new sbyte[128], 1, 128));
        }
        Microsoft(model, "DynamicQuantizeLSTM", "x,w,r,,,,,,ws,wz,rs,rz", "y", ("hidden_size", 32));

        // Gates are steep where inputs are large: what a level changes there is a tenth of a result.
        CheckDynamic(model.Output("y"), 0.1);
    }

    [Fact]
    public void AttentionOfBytesKeepsItsIntegers()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 1, 6, 64);
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = "com.microsoft", Version = 1 });
        Weights(model, "w", 1, 64, 96);
        model.Constant("b", Scales(96)).Node("DynamicQuantizeLinear", "x", "q,s,z");
        Microsoft(model, "QAttention", "q,w,b,s,w_scale,,z,w_zero", "y", ("num_heads", 4));
        Graph graph = PassPipeline.Run(model.Output("y").Import());
        GraphQuantization quantization = Quantize(graph, ModelPrecision.Auto).Model.Annotation<GraphQuantization>()!;
        Assert.Contains(quantization.Weights.Values, w => w.Values.Length == 64 * 96);
    }

    /// <summary>A scale that comes from elsewhere cuts numbers off, which a range that is measured here would not.</summary>
    [Fact]
    public void AScaleThatIsNotTheRangeOfWhatIsRoundedStays()
    {
        ModelBuilder model = new ModelBuilder().Input("x", 4, 64).Input("scale").Constant("zero", Tensor.Scalar((byte)128));
        Weights(model, "w", 1, 64, 48);
        model.Node("QuantizeLinear", "x,scale,zero", "q").Node("DequantizeLinear", "q,scale,zero", "r")
            .Node("DequantizeLinear", "w,w_scale,w_zero", "v", ("axis", 1)).Node("MatMul", "r,v", "y").Output("y");
        Graph imported = model.Import();
        Tensor[] sample = [Tensor.Of([.. Enumerable.Range(0, 256).Select(i => (float)((i % 21) - 10))], 4, 64), Tensor.Scalar(0.01f)];
        CompressionResult result = Quantize(imported, ModelPrecision.Auto);
        Tensor[] actual = Plans.Execute(GraphLowerer.Lower(result.Model, new BoundaryOptions { ClassName = "M" })).Run(sample);
        TensorComparison.AssertClose(new GraphEvaluator(imported).Evaluate(sample)[0], actual[0], 1e-3, 1e-3);
    }

    [Fact]
    public void WeightsOfFourBitsInBlocksAreUnpacked()
    {
        // Two blocks of eight inputs for each output.
        sbyte[] levels = [.. Enumerable.Range(0, 48).Select(_ => (sbyte)_random.Next(-8, 8))];
        float[] scales = [.. Enumerable.Range(0, 6).Select(i => 0.1f + (0.05f * i))];
        ModelBuilder model = new ModelBuilder(23).Input("x", 2, 16)
            .Constant("q", new Tensor(TensorType.Of(ElementType.Int4, 16, 3), levels))
            .Constant("s", Tensor.Of(scales, 2, 3))
            .Node("DequantizeLinear", "q,s", "w", ("axis", 0), ("block_size", 8)).Node("MatMul", "x,w", "y").Output("y");
        Graph graph = model.Import();
        float[] x = [.. Enumerable.Range(0, 32).Select(_ => _random.NextSingle())];
        float[] y = new GraphEvaluator(graph).Evaluate([Tensor.Of(x, 2, 16)])[0].Values<float>();
        for (int i = 0; i < y.Length; i++)
            Assert.Equal(Enumerable.Range(0, 16).Sum(k => x[(i / 3 * 16) + k] * levels[(k * 3) + (i % 3)] * scales[(k / 8 * 3) + (i % 3)]),
                y[i], 1e-4f);
        Assert.DoesNotContain(PassPipeline.Run(graph).Nodes, n => n.OpType == "DequantizeLinear");
    }

    /// <summary>The bytes at the edges.</summary>
    public enum ElementTypes
    {
        /// <summary>u8.</summary>
        Unsigned,

        /// <summary>s8.</summary>
        Signed,
    }

    private LoweredModel Check(ModelBuilder model, float[] steps, bool isWhole = true)
    {
        Graph imported = model.Import();
        CompressionResult result = Quantize(imported, ModelPrecision.Auto);
        GraphQuantization quantization = result.Model.Annotation<GraphQuantization>()!;
        Assert.True(quantization.HasScalesOfModel);
        if (isWhole)
            Assert.Equal([], quantization.Nodes.Where(n => !n.Value.Integer).Select(n => $"{n.Key}: {n.Value.Reason}"));
        Assert.True(quantization.IntegerMacShare(result.Model.Graph) >= 0.95);
        QuantizationInvariants.Check(result.Model.Graph, quantization);
        LoweredModel lowered = GraphLowerer.Lower(result.Model, new BoundaryOptions());
        PlanExecutor executor = Plans.Execute(lowered);
        var simulation = new Simulation.QuantizedGraphEvaluator(result.Model.Graph, quantization);
        for (int i = 0; i < 3; i++)
        {
            Tensor[] sample = [.. imported.Inputs.Select(n => Draw(imported.TypeOf(n)))];
            Tensor[] expected = new GraphEvaluator(imported).Evaluate(sample), actual = executor.Run(sample);
            Tensor[] simulated = simulation.Evaluate(sample);
            for (int o = 0; o < expected.Length; o++)
            {
                Assert.Equal(expected[o].Type, actual[o].Type);
                double[] e = Reals(expected[o]), a = Reals(actual[o]);
                Assert.True(e.Distinct().Count() > 4, "the output hardly moves");
                for (int k = 0; k < e.Length; k++)
                    Assert.True(Math.Abs(e[k] - a[k]) <= steps[o] * 1.01, $"output {o}, element {k}: {a[k]} instead of {e[k]}");
                if (isWhole)
                    Assert.Equal(Reals(simulated[o]), a);
            }
        }
        return lowered;
    }

    private void CheckDynamic(ModelBuilder model, double bound = 0.03)
    {
        Graph imported = model.Import();
        foreach (ModelPrecision precision in (ModelPrecision[])[ModelPrecision.Auto, ModelPrecision.Float32])
        {
            CompressionResult result = Quantize(imported, precision);
            GraphQuantization quantization = result.Model.Annotation<GraphQuantization>()!;
            Assert.Equal(precision == ModelPrecision.Auto ? 1 : 0, quantization.IntegerMacShare(result.Model.Graph));
            PlanExecutor executor = Plans.Execute(GraphLowerer.Lower(result.Model, new BoundaryOptions()));
            foreach (float size in (float[])[1, 100])
            {
                Tensor[] sample = [.. imported.Inputs.Select(n => Draw(imported.TypeOf(n), size))];
                double[] expected = Reals(new GraphEvaluator(imported).Evaluate(sample)[0]), actual = Reals(executor.Run(sample)[0]);
                double error = Math.Sqrt(expected.Zip(actual).Sum(p => Math.Pow(p.First - p.Second, 2)) / expected.Sum(v => v * v));
                Assert.True(error < (precision == ModelPrecision.Auto ? bound : 1e-5), $"{precision}: error {error}");
            }
        }
    }

    private static CompressionResult Quantize(Graph imported, ModelPrecision precision) =>
        new Quantizer(new QuantizationOptions { Precision = precision })
            .Apply(new CompressedModel(PassPipeline.Run(imported)), SampleSet.Empty, CancellationToken.None);

    private static void Levels(ModelBuilder model, string value, string scale, string zero, float step, bool isSigned, int zeroPoint) =>
        model.Constant(scale, Tensor.Scalar(step))
            .Constant(zero, isSigned ? Tensor.Scalar((sbyte)(zeroPoint - 128)) : Tensor.Scalar((byte)zeroPoint));

    // s8 with a scale for each channel.
    private void Weights(ModelBuilder model, string name, int axis, params int[] shape)
    {
        model.Constant(name, Tensor.Of([.. Enumerable.Range(0, Shapes.Count(shape)).Select(_ => (sbyte)_random.Next(-127, 128))], shape))
            .Constant(name + "_scale", Scales(shape[axis]))
            .Constant(name + "_zero", Tensor.Of(new sbyte[shape[axis]], shape[axis]));
    }

    private Tensor Scales(int channels) =>
        Tensor.Of([.. Enumerable.Range(0, channels).Select(_ => 0.002f + (0.004f * _random.NextSingle()))], channels);

    private static void Microsoft(ModelBuilder model, string op, string inputs, string output, params (string, object)[] attributes)
    {
        NodeProto node = ModelBuilder.NewNode(op, inputs, output, attributes);
        node.Domain = "com.microsoft";
        model.Model.Graph.Node.Add(node);
    }

    private Tensor Draw(TensorType type, float size = 1) => type.Element switch
    {
        ElementType.UInt8 => new(type, Enumerable.Range(0, type.Count).Select(_ => (byte)_random.Next(256)).ToArray()),
        ElementType.Int8 => new(type, Enumerable.Range(0, type.Count).Select(_ => (sbyte)_random.Next(-128, 128)).ToArray()),
        _ => new(type, Enumerable.Range(0, type.Count).Select(_ => size * ((_random.NextSingle() * 2) - 0.7f)).ToArray()),
    };

    private static double[] Reals(Tensor tensor) => tensor.Element == ElementType.Float32
        ? Array.ConvertAll(tensor.Values<float>(), v => (double)v)
        : Array.ConvertAll(tensor.ToInt64(), v => (double)v);
}
