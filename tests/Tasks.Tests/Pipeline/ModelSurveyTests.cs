using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Options;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Pipeline;

/// <summary>What a survey says of models that are quantised already is what a build makes of each of their nodes.</summary>
public sealed class ModelSurveyTests : IDisposable
{
    private readonly DataFiles _files = new();

    public void Dispose() => _files.Dispose();

    /// <summary>Levels, a layer whose weights have a scale for each block, a function with levels behind it and another layer.</summary>
    [Theory]
    [InlineData(nameof(ModelPrecision.Auto))]
    [InlineData(nameof(ModelPrecision.Int8))]
    public void EachNodeIsSaidToRunAsItDoes(string precision)
    {
        var random = new Random(5);
        Tensor blocked = Tensor.Of([.. Enumerable.Range(0, 64).Select(_ => (sbyte)random.Next(-127, 128))], 8, 8);
        Tensor narrow = Tensor.Of([.. Enumerable.Range(0, 64).Select(_ => (sbyte)random.Next(-127, 128))], 8, 8);
        ModelBuilder model = new ModelBuilder(21).Input("x", 1, 8)
            .Constant("s", Tensor.Scalar(0.05f)).Constant("z", Tensor.Scalar((byte)120))
            .Constant("w", narrow).Constant("ws", Tensor.Scalar(0.01f)).Constant("wz", Tensor.Scalar((sbyte)0))
            .Constant("u", blocked).Constant("us", Tensor.Of([.. Enumerable.Range(0, 16).Select(i => 0.01f + (i * 0.0017f))], 2, 8))
            .Node("DequantizeLinear", "w,ws,wz", "narrow")
            .Node("DequantizeLinear", "u,us", "blocked", ("axis", 0), ("block_size", 4))
            .Node("QuantizeLinear", "x,s,z", "a").Node("DequantizeLinear", "a,s,z", "b").Node("MatMul", "b,narrow", "c")
            .Node("QuantizeLinear", "c,s,z", "d").Node("DequantizeLinear", "d,s,z", "e").Node("Sin", "e", "f")
            .Node("QuantizeLinear", "f,s,z", "g").Node("DequantizeLinear", "g,s,z", "h").Node("MatMul", "h,blocked", "y").Output("y");
        string text = Compare(model.Bytes, Enum.Parse<ModelPrecision>(precision), 1, 1);
        Assert.Matches(@"\(MatMul\).* int8 with the model's own scales: sums of products", text);
        Assert.Matches(@"\(MatMul\).* float32: its weights are no multiples of one scale", text);
    }

    /// <summary>Levels of 16 bits stay real numbers, rounded as the model says, and the layers that read them say why.</summary>
    [Fact]
    public void LevelsOfSixteenBitsAreSaidToRunInFloat32()
    {
        var random = new Random(5);
        ModelBuilder model = new ModelBuilder(21).Input("x", 1, 8)
            .Constant("s", Tensor.Scalar(0.05f)).Constant("z", Tensor.Scalar((byte)120))
            .Constant("s16", Tensor.Scalar(0.001f)).Constant("z16", Tensor.Scalar((ushort)30_000))
            .Constant("w", Tensor.Of([.. Enumerable.Range(0, 64).Select(_ => (sbyte)random.Next(-127, 128))], 8, 8))
            .Constant("ws", Tensor.Scalar(0.01f)).Node("DequantizeLinear", "w,ws", "weights");
        model.Node("QuantizeLinear", "x,s,z", "a").Node("DequantizeLinear", "a,s,z", "b").Node("MatMul", "b,weights", "c")
            .Node("QuantizeLinear", "c,s16,z16", "d").Node("DequantizeLinear", "d,s16,z16", "e")
            .Node("MatMul", "e,weights", "y").Output("y");
        string text = Compare(model.Bytes, ModelPrecision.Auto, 1, 1);
        Assert.Matches(@"\(MatMul\).* float32: .*16 bits", text);
    }

    /// <summary>Models that tools have quantised, statically and dynamically.</summary>
    [Theory]
    [InlineData("qdq_conv_per_channel")]
    [InlineData("dynamic_quantize_matmulinteger")]
    public void ModelsOfToolsAreDescribedAsTheyRun(string name)
    {
        string text = Compare(File.ReadAllBytes(Path.Combine(SharedAssets.Cases, name, "model.onnx")), ModelPrecision.Int8, 1, 0);
        Assert.Contains(name.StartsWith("dynamic", StringComparison.Ordinal) ? "int8, its input scaled at run time: sums of products"
            : "int8 with the model's own scales: sums of products", text, StringComparison.Ordinal);
    }

    private string Compare(byte[] model, ModelPrecision precision, int fewestInteger, int fewestFloat)
    {
        _files.Write("m.onnx", model);
        var options = new ModelOptions
        {
            ModelPath = Path.Combine(_files.Folder, "m.onnx"),
            Name = "m",
            ClassName = "M",
            Namespace = "N",
            IsPublic = true,
            Precision = precision,
        };
        CompressedModel built = ModelCompiler.Compress(options, null, CancellationToken.None).Model;
        GraphQuantization quantization = built.Annotation<GraphQuantization>()!;
        string text = string.Join('\n', ModelSurvey.Of(options, CancellationToken.None).Lines());
        string[] lines = [.. text.Split('\n').Where(l => l.Contains(" MACs ", StringComparison.Ordinal))];
        Assert.Equal(built.Graph.Nodes.Length, lines.Length);
        foreach ((Node node, string line) in built.Graph.Nodes.Zip(lines))
        {
            Assert.StartsWith($"  {node.Name} ({node.OpType})", line, StringComparison.Ordinal);
            NodePrecision made = quantization.Nodes[node.Name];
            Assert.Equal(made.Integer, line.Contains("  int8", StringComparison.Ordinal));
            if (!made.Integer)
                Assert.EndsWith("float32: " + made.Reason, line, StringComparison.Ordinal);
        }
        Assert.InRange(quantization.Nodes.Values.Count(n => n.Integer), fewestInteger, int.MaxValue);
        Assert.InRange(quantization.Nodes.Values.Count(n => !n.Integer), fewestFloat, int.MaxValue);
        return text;
    }
}
