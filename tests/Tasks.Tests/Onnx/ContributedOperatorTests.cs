using System.Globalization;
using OptimizerBuild.Compression;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Harness;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx.Expansions.Microsoft;
using OptimizerBuild.Onnx.Schema;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Onnx;

/// <summary>Operators of com.microsoft on random numbers against ONNX Runtime, by the reference and by the plan.</summary>
public sealed class ContributedOperatorTests
{
    private const int Batch = 2, Sequence = 3, Heads = 2, Size = 4, Hidden = Heads * Size, Past = 2;

    [Theory]
    [InlineData("plain")]
    [InlineData("bias")]
    [InlineData("heads apart")]
    [InlineData("mask")]
    [InlineData("lengths")]
    [InlineData("past")]
    [InlineData("one direction")]
    [InlineData("scale and bias of scores")]
    public void MultiHeadAttention(string form)
    {
        var model = new Built();
        string[] kv = form == "heads apart" ? [model.F("k", Batch, Heads, 5, Size), model.F("v", Batch, Heads, 5, Size)]
            : [model.F("k", Batch, Sequence, Hidden), model.F("v", Batch, Sequence, Hidden)];
        string[] inputs = [model.F("q", Batch, Sequence, Hidden), .. kv];
        inputs = form switch
        {
            "bias" => [.. inputs, model.F("b", 3 * Hidden)],
            "mask" => [.. inputs, "", model.I("m", [1, 1, 0, 1, 0, 1], Batch, Sequence)],
            "lengths" => [.. inputs, "", model.I("m", [2, 3], Batch)],
            "past" => [.. inputs, "", "", "", model.F("pk", Batch, Heads, Past, Size), model.F("pv", Batch, Heads, Past, Size)],
            "scale and bias of scores" => [.. inputs, "", "", model.F("s", 1, Heads, Sequence, Sequence)],
            _ => inputs,
        };
        (string, object)[] attributes = [("num_heads", Heads)];
        if (form == "one direction")
            attributes = [.. attributes, ("unidirectional", 1)];
        if (form.StartsWith("scale", StringComparison.Ordinal))
            attributes = [.. attributes, ("scale", 0.7f)];
        model.Run("MultiHeadAttention", inputs, form == "past" ? ["y", "k1", "v1"] : ["y"], attributes);
    }

    /// <summary>ONNX Runtime has these forms on other devices only: here they give what the parts give by themselves.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void PackedQueriesKeysAndValues(int keysOnly)
    {
        var random = new Random(3);
        float[][] parts = [.. Enumerable.Range(0, 3).Select(_ =>
            (float[])[.. Enumerable.Range(0, Batch * Sequence * Hidden).Select(_ => random.NextSingle() - 0.5f)])];
        Tensor[] apart = [.. parts.Select(p => Tensor.Of(p, Batch, Sequence, Hidden))];
        float[][] together = keysOnly == 1 ? parts[1..] : parts;
        Tensor packed = Tensor.Of(
            [.. Enumerable.Range(0, Batch * Sequence * Heads).SelectMany(row => together.SelectMany(p => p.Skip(row * Size).Take(Size)))],
            Batch, Sequence, Heads, together.Length, Size);
        Tensor[] expected = Evaluate(apart), actual = Evaluate(keysOnly == 1 ? [apart[0], packed] : [packed]);
        TensorComparison.AssertClose(expected[0], actual[0], 1e-6, 1e-7);
    }

    /// <summary>Sizes that no model has end as coded errors, whatever they overflow.</summary>
    [Theory]
    [InlineData("MatMulNBits", "K=1;N=1;block_size=4611686018427387904")]
    [InlineData("MatMulNBits", "K=1;N=1;block_size=17")]
    [InlineData("MatMulNBits", "K=4611686018427387904;N=4;block_size=16")]
    [InlineData("Attention", "num_heads=1;qkv_hidden_sizes=9223372036854775807,1,1")]
    [InlineData("SVMClassifier", "classlabels_ints=1,2;vectors_per_class=4611686018427387904,4611686018427387904;rho=0;coefficients=1")]
    public void AbsurdSizesAreCodedErrors(string opType, string attributes)
    {
        var model = new ModelBuilder(17);
        bool isSupport = opType == "SVMClassifier", isMatrix = opType == "MatMulNBits";
        model.Input("x", [.. (isSupport || isMatrix ? (int[])[1, 1] : [1, 1, 1]).Cast<object?>()]);
        if (isMatrix)
            model.Constant("b", Tensor.Of(Array.Empty<byte>(), 0)).Constant("s", Tensor.Of([1f], 1));
        if (opType == "Attention")
            model.Constant("w", Tensor.Of([1f, 1, 1], 1, 3));
        (string, object)[] pairs = [.. attributes.Split(';').Select(a => a.Split('=')).Select(a => (a[0], Value(a[0], a[1])))];
        model.Node(opType, isMatrix ? "x,b,s" : isSupport ? "x" : "x,w", isSupport ? "y,z" : "y", pairs).Output("y");
        string domain = isSupport ? "ai.onnx.ml" : MicrosoftDomain.Name;
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = domain, Version = 1 });
        model.Model.Graph.Node[0].Domain = domain;
        Assert.Throws<ModelException>(() => model.Import());

        static object Value(string name, string text) =>
            name is "rho" or "coefficients" ? (float[])[float.Parse(text, CultureInfo.InvariantCulture)]
            : name is "classlabels_ints" or "vectors_per_class" or "qkv_hidden_sizes"
                ? (long[])[.. text.Split(',').Select(t => long.Parse(t, CultureInfo.InvariantCulture))]
            : long.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>Keys and values from a cache have their bias already (ONNX Runtime's other devices; its CPU refuses the form).</summary>
    [Fact]
    public void TheBiasOfCachedKeysIsNotAddedAgain()
    {
        Tensor q = Tensor.Of([0f, 0], 1, 1, 2), k = Tensor.Of([1f, 2, 3, 4], 1, 1, 2, 2), v = Tensor.Of([2f, 4, 6, 8], 1, 1, 2, 2);
        Assert.Equal([4f, 6], Evaluate([q, k, v, Tensor.Of([0f, 0, 9, 9, 9, 9], 6)], 1)[0].Values<float>());
    }

    private static Tensor[] Evaluate(Tensor[] inputs, int heads = Heads)
    {
        var model = new ModelBuilder(17);
        string[] names = [.. inputs.Select((_, i) => "i" + i)];
        foreach ((string name, Tensor value) in names.Zip(inputs))
            model.Input(name, value.Element, [.. value.Dimensions.Cast<object?>()]);
        model.Node("MultiHeadAttention", string.Join(',', names), "y", ("num_heads", heads)).Output("y");
        model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = MicrosoftDomain.Name, Version = 1 });
        model.Model.Graph.Node[0].Domain = MicrosoftDomain.Name;
        return new GraphEvaluator(model.Import()).Evaluate(inputs);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("sizes")]
    [InlineData("mask")]
    [InlineData("mask of pairs")]
    [InlineData("past, one direction")]
    public void Attention(string form)
    {
        var model = new Built();
        int columns = form == "sizes" ? 8 + 8 + 12 : 3 * Hidden;
        string[] inputs = [model.F("x", Batch, Sequence, 5), model.F("w", 5, columns), model.F("b", columns)];
        inputs = form switch
        {
            "mask" => [.. inputs, model.I("m", [1, 1, 0, 1, 0, 1], Batch, Sequence)],
            "mask of pairs" => [.. inputs, model.I("m", [.. Enumerable.Range(0, Batch * 9).Select(i => i % 4 > 0 ? 1 : 0)], Batch, 3, 3)],
            "past, one direction" => [.. inputs, "", model.F("p", 2, Batch, Heads, Past, Size)],
            _ => inputs,
        };
        (string, object)[] attributes = [("num_heads", Heads)];
        if (form == "sizes")
            attributes = [.. attributes, ("qkv_hidden_sizes", (long[])[8, 8, 12])];
        if (form.StartsWith("past", StringComparison.Ordinal))
            attributes = [.. attributes, ("unidirectional", 1)];
        model.Run("Attention", inputs, form.StartsWith("past", StringComparison.Ordinal) ? ["y", "present"] : ["y"], attributes);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("columns")]
    [InlineData("mask")]
    [InlineData("past, one direction")]
    public void QAttention(string form)
    {
        var model = new Built();
        bool hasPast = form.StartsWith("past", StringComparison.Ordinal), hasColumns = form == "columns";
        const int Columns = 3 * Hidden;
        string[] inputs =
        [
            model.Bytes("x", Batch, Sequence, 5), model.Constant("w", Built.Drawn(7, 5 * Columns), 5, Columns), model.F("b", Columns),
            model.Constant("xs", 0.011f), hasColumns ? model.Constant("ws", Built.Scales(Columns)) : model.Constant("ws", 0.013f),
            form == "mask" ? model.I("m", [1, 1, 0, 1, 0, 1], Batch, Sequence) : "",
            model.Constant("xz", 120), model.Constant("wz", (byte[])[.. Enumerable.Repeat((byte)131, hasColumns ? Columns : 1)]),
        ];
        if (hasPast)
            inputs = [.. inputs, model.F("p", 2, Batch, Heads, Past, Size)];
        model.Run("QAttention", inputs, hasPast ? ["y", "present"] : ["y"], ("num_heads", Heads), ("unidirectional", hasPast ? 1 : 0));
    }

    /// <summary>ONNX Runtime rounds the state to 8 bits in each step, this build does not: results are as near as such levels.</summary>
    [Theory]
    [InlineData("forward", false)]
    [InlineData("reverse", true)]
    [InlineData("bidirectional", true)]
    public void DynamicQuantizeLstm(string direction, bool hasRows)
    {
        var model = new Built { Tolerance = 0.02 };
        int directions = direction == "bidirectional" ? 2 : 1, rows = 4 * Hidden;
        int[] parameters = hasRows ? [directions, rows] : [directions];
        byte[] zero = [.. Enumerable.Repeat((byte)127, hasRows ? directions * rows : directions)];
        string[] inputs =
        [
            model.F("x", 5, Batch, 6), model.Constant("w", Built.Drawn(3, directions * 6 * rows), directions, 6, rows),
            model.Constant("r", Built.Drawn(4, directions * Hidden * rows), directions, Hidden, rows),
            model.ConstantF("b", directions, 2 * rows),
            "", model.F("h", directions, Batch, Hidden), model.F("c", directions, Batch, Hidden), "",
            model.Constant("ws", Built.Scales(zero.Length), parameters), model.Constant("wz", zero, parameters),
            model.Constant("rs", Built.Scales(zero.Length), parameters), model.Constant("rz", zero, parameters),
        ];
        model.Run("DynamicQuantizeLSTM", inputs, ["y", "yh", "yc"], ("direction", direction), ("hidden_size", Hidden));
    }

    [Theory]
    [InlineData(false, false)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void EmbedLayerNormalization(bool hasSegments, bool hasMask)
    {
        var model = new Built();
        string[] inputs =
        [
            model.I("ids", [1, 4, 0, 2, 2, 3], Batch, Sequence), hasSegments ? model.I("seg", [0, 0, 1, 1, 1, 0], Batch, Sequence) : "",
            model.F("words", 5, Hidden), model.F("places", 7, Hidden), hasSegments ? model.F("segments", 2, Hidden) : "",
            model.F("gamma", Hidden), model.F("beta", Hidden),
        ];
        if (hasMask)
            inputs = [.. inputs, model.I("mask", [1, 1, 0, 1, 1, 1], Batch, Sequence)];
        model.Run("EmbedLayerNormalization", inputs, ["y", "mask_index"], ("epsilon", 1e-5f));
    }

    [Theory]
    [InlineData(4, false, false)]
    [InlineData(4, true, false)]
    [InlineData(8, true, false)]
    [InlineData(4, false, true)]
    public void MatMulNBits(int bits, bool hasZeroPoints, bool hasBias)
    {
        const int K = 40, N = 3, Block = 16, Blocks = 3;
        var model = new Built();
        var random = new Random(bits);
        string[] inputs =
        [
            model.F("a", 2, K), model.Constant("b", Bytes(N * Blocks * Block * bits / 8), N, Blocks, Block * bits / 8),
            model.ConstantF("s", N * Blocks),
            hasZeroPoints ? model.Constant("z", Bytes(N * (((Blocks * bits) + 7) / 8))) : "",
        ];
        if (hasBias)
            inputs = [.. inputs, "", model.F("bias", N)];
        model.Run("MatMulNBits", inputs, ["y"], ("K", K), ("N", N), ("bits", bits), ("block_size", Block));

        byte[] Bytes(int count)
        {
            var bytes = new byte[count];
            random.NextBytes(bytes);
            return bytes;
        }
    }

    [Theory]
    [InlineData("Relu", new float[0])]
    [InlineData("LeakyRelu", new[] { 0.3f })]
    [InlineData("Clip", new[] { -0.2f, 0.4f })]
    [InlineData("HardSigmoid", new[] { 0.3f, 0.4f })]
    [InlineData("Tanh", new float[0])]
    public void FusedConv(string function, float[] parameters)
    {
        var model = new Built();
        (string, object)[] attributes = [("activation", function), ("pads", (long[])[1, 1, 1, 1]), ("kernel_shape", (long[])[3, 3])];
        if (parameters.Length > 0)
            attributes = [.. attributes, ("activation_params", parameters)];
        model.Run("FusedConv", [model.F("x", 1, 3, 5, 5), model.F("w", 4, 3, 3, 3), model.F("b", 4)], ["y"], attributes);
    }

    [Theory]
    [InlineData("Relu")]
    [InlineData("LeakyRelu")]
    public void FusedGemm(string function)
    {
        var model = new Built();
        model.Run("FusedGemm", [model.F("a", 3, 4), model.F("b", 5, 4), model.F("c", 5)], ["y"], ("activation", function),
            ("activation_alpha", 0.2f), ("transB", 1), ("alpha", 0.5f));
    }

    [Fact]
    public void NhwcMaxPool()
    {
        var model = new Built();
        model.Run("NhwcMaxPool", [model.Bytes("x", 1, 5, 5, 3)], ["y"], ("kernel_shape", (long[])[3, 3]), ("strides", (long[])[2, 2]),
            ("pads", (long[])[1, 1, 1, 1]));
    }

    [Fact]
    public void SimplifiedLayerNormalization()
    {
        var model = new Built { Domain = "" };
        model.Run("SimplifiedLayerNormalization", [model.F("x", 2, 6), model.F("s", 6)], ["y"], ("axis", -1), ("epsilon", 1e-5f));
    }

    // A model of one node, with an input for each tensor.
    private sealed class Built
    {
        private readonly ModelBuilder _model = new(17);
        private readonly List<Tensor> _inputs = [];
        private readonly Random _random = new(5);

        public string Domain { get; init; } = MicrosoftDomain.Name;

        public double Tolerance { get; init; } = 1e-5;

        public string F(string name, params int[] dimensions) => Input(name, Tensor.Of(Numbers(dimensions), dimensions));

        public string I(string name, int[] values, params int[] dimensions) => Input(name, Tensor.Of(values, dimensions));

        public string Bytes(string name, params int[] dimensions)
        {
            var bytes = new byte[dimensions.Aggregate(1, (a, b) => a * b)];
            _random.NextBytes(bytes);
            return Input(name, Tensor.Of(bytes, dimensions));
        }

        public string Constant(string name, byte[] values, params int[] dimensions)
        {
            _model.Constant(name, Tensor.Of(values, dimensions.Length > 0 ? dimensions : [values.Length]));
            return name;
        }

        public string Constant(string name, byte value)
        {
            _model.Constant(name, Tensor.Scalar(value));
            return name;
        }

        public string Constant(string name, float value)
        {
            _model.Constant(name, Tensor.Scalar(value));
            return name;
        }

        public string Constant(string name, float[] values, params int[] dimensions)
        {
            _model.Constant(name, Tensor.Of(values, dimensions.Length > 0 ? dimensions : [values.Length]));
            return name;
        }

        public static byte[] Drawn(int seed, int count)
        {
            var bytes = new byte[count];
            new Random(seed).NextBytes(bytes);
            return bytes;
        }

        public static float[] Scales(int count) => [.. Enumerable.Range(0, count).Select(i => 0.002f + (i % 5 * 0.0005f))];

        public string ConstantF(string name, params int[] dimensions)
        {
            _model.Constant(name, Tensor.Of(Numbers(dimensions), dimensions));
            return name;
        }

        private float[] Numbers(int[] dimensions) =>
            [.. Enumerable.Range(0, dimensions.Aggregate(1, (a, b) => a * b)).Select(_ => (_random.NextSingle() * 2) - 1)];

        private string Input(string name, Tensor value)
        {
            _model.Input(name, value.Element, [.. value.Dimensions.Cast<object?>()]);
            _inputs.Add(value);
            return name;
        }

        public void Run(string opType, string[] inputs, string[] outputs, params (string, object)[] attributes)
        {
            _model.Node(opType, string.Join(',', inputs), string.Join(',', outputs), attributes).Output(outputs);
            _model.Model.OpsetImport.Add(new OperatorSetIdProto { Domain = MicrosoftDomain.Name, Version = 1 });
            _model.Model.Graph.Node[0].Domain = Domain;
            Graph graph = _model.Import();
            foreach (ValueInfoProto output in _model.Model.Graph.Output)
            {
                output.Type = ModelBuilder.Value("", graph.TypeOf(output.Name).Element).Type;
                output.Type.TensorType.Shape = null;
            }
            Tensor[] theirs = OnnxRuntimeModel.Run(_model.Bytes, graph, _inputs);
            Tensor[] ours = new GraphEvaluator(graph).Evaluate(_inputs);
            LoweredModel lowered = GraphLowerer.Lower(
                new CompressedModel(PassPipeline.Run(graph)), new BoundaryOptions { ClassName = "E" });
            Tensor[] planned = Plans.Execute(lowered).Run(_inputs);
            for (int i = 0; i < ours.Length; i++)
            {
                TensorComparison.AssertClose(theirs[i], ours[i], 1e-4, Tolerance);
                TensorComparison.AssertClose(theirs[i], planned[i], 1e-4, Tolerance);
            }
        }
    }
}
