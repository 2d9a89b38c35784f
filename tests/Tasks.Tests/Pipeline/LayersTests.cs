using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Pipeline;

/// <summary>What the metadata <c>Layers</c> makes of three dense layers, <c>a</c>, <c>b</c> and <c>c</c>.</summary>
public sealed class LayersTests : IDisposable
{
    private const int Width = 128;
    private readonly DataFiles _files = new();

    public LayersTests()
    {
        var random = new Random(11);
        Tensor Weights() => Tensor.Of(
            [.. Enumerable.Range(0, Width * Width).Select(_ => (float)(random.NextDouble() - 0.5))], Width, Width);
        var model = new ModelBuilder().Input("x", 1, Width)
            .Constant("wa", Weights()).Constant("wb", Weights()).Constant("wc", Weights())
            .Node("MatMul", "x,wa", "a").Node("Relu", "a", "ra").Node("MatMul", "ra,wb", "b").Node("Relu", "b", "rb")
            .Node("MatMul", "rb,wc", "c").Output("c");
        foreach (var node in model.Model.Graph.Node)
            node.Name = node.Output[0] + "/node";
        _files.Write("m.onnx", model.Bytes);
        _files.Write("x.npy", DataFiles.Npy(
            [.. Enumerable.Range(0, 64 * Width).Select(_ => (float)random.NextDouble())], "<f4", $"({64}, {Width})"));
    }

    public void Dispose() => _files.Dispose();

    [Fact]
    public void EachLayerHasItsOwnArithmeticAndBits()
    {
        GraphQuantization q = Quantization("a/*:Float32; b/*:Int4; c/*:Clusters=5");

        Assert.Equal((false, "Layers says Float32"), (q.Nodes["a/node"].Integer, q.Nodes["a/node"].Reason));
        Assert.InRange(q.Weights["b/node"].Values.Max(v => Math.Abs(v)), 4, 7);
        Assert.InRange(q.Weights["c/node"].Values.Distinct().Count(), 3, 5);
        Assert.Contains(q.Weights["c/node"].Values, v => Math.Abs(v) > 7);
    }

    [Fact]
    public void ALayerMayHaveMoreBitsThanTheOthers()
    {
        GraphQuantization q = Quantization("*:Int8; a/node:Int4", o => o with { Precision = ModelPrecision.Int4 });

        Assert.InRange(q.Weights["a/node"].Values.Max(v => Math.Abs(v)), 4, 7);
        Assert.All((string[])["b/node", "c/node"], l => Assert.InRange(q.Weights[l].Values.Max(v => Math.Abs(v)), 64, 127));
    }

    /// <summary>A wish for a single layer is not overruled by what is measured.</summary>
    [Fact]
    public void ALayerStaysInIntegersHoweverNoisyItIs()
    {
        ModelOptions Strict(ModelOptions o) => o with { MinSignalToNoise = 90, MinOutputSignalToNoise = 90 };
        Assert.All(Quantization("", Strict).Nodes.Values, n => Assert.False(n.Integer));

        GraphQuantization q = Quantization("b/node:Int4", Strict);

        Assert.Equal(["b/node"], q.Weights.Keys);
        Assert.InRange(q.Weights["b/node"].Values.Max(v => Math.Abs(v)), 4, 7);
    }

    [Fact]
    public void AModelInFloat32MayHaveSingleLayersInIntegers()
    {
        CompilationOutcome outcome = Compile("b/node:Int8", o => o with { Precision = ModelPrecision.Float32 });

        Assert.Equal("mixed", outcome.Plan.Facts.Precision);
        Assert.Equal([("a/node", "float32"), ("b/node", "int8"), ("c/node", "float32")],
            outcome.Layers.Where(l => l.Macs > 0).Select(l => (l.Node, l.Precision)));
        Assert.Contains(outcome.Layers, l => l.Node == "a/node" && l.Reason == "Precision=Float32");
    }

    [Fact]
    public void SparsityOfALayerIsItsOwn()
    {
        CompressedModel model = Compress("b/node:Sparsity=0.9; c/node:Sparsity=0", o => o with { Sparsity = 0.25 });

        Assert.Equal(0, Zeros(model, "wc"));
        Assert.Equal((int)(0.9 * Width * Width), Zeros(model, "wb"));
        Assert.Equal((int)(0.25 * Width * Width), Zeros(model, "wa"));
        Assert.Equal(0, Zeros(Compress("b/node:Sparsity=0.9"), "wa"));
        Assert.Equal((int)(0.9 * Width * Width), Zeros(Compress("b/node:Sparsity=0.9"), "wb"));
    }

    [Fact]
    public void FloatLayersShareValuesWhereARuleSaysSo()
    {
        CompressedModel model = Compress("b/node:Clusters=4", o => o with { Precision = ModelPrecision.Float32 });

        Assert.Equal(4, model.Graph.Constants["wb"].Values<float>().Distinct().Count());
        Assert.True(model.Graph.Constants["wa"].Values<float>().Distinct().Count() > 100);
    }

    [Fact]
    public void ARankIsReducedInTheLayersThatARuleNames()
    {
        Assert.Equal(4, Compress("b/node:Rank=0.5").Graph.Nodes.Count(n => n.Is<IDotProduct>()));
        Assert.All(Quantization("b/node:Rank=0.5,Int4").Weights.Where(w => w.Key.StartsWith('b')), w =>
            Assert.InRange(w.Value.Values.Max(v => Math.Abs(v)), 4, 7));
        Assert.Equal(5, Compress("b/node:Rank=None", o => o with { Rank = new(0.5) }).Graph.Nodes.Count(n => n.Is<IDotProduct>()));
    }

    [Fact]
    public void ALayerThatIsNotThereIsAnError() =>
        Assert.Equal("OPT0062", Assert.Throws<ModelException>(() => Compress("conv1:Float32")).Diagnostic.Descriptor.Code);

    private static int Zeros(CompressedModel model, string constant) => model.Graph.Constants[constant].Values<float>().Count(v => v == 0);

    private GraphQuantization Quantization(string layers, Func<ModelOptions, ModelOptions>? change = null) =>
        Compress(layers, change).Annotation<GraphQuantization>()!;

    private CompressedModel Compress(string layers, Func<ModelOptions, ModelOptions>? change = null) =>
        ModelCompiler.Compress(Options(layers, change)).Model;

    private CompilationOutcome Compile(string layers, Func<ModelOptions, ModelOptions>? change = null) =>
        ModelCompiler.Compile(Options(layers, change), default);

    private ModelOptions Options(string layers, Func<ModelOptions, ModelOptions>? change) => (change ?? (o => o))(new ModelOptions
    {
        ModelPath = Path.Combine(_files.Folder, "m.onnx"),
        Name = "m",
        ClassName = "M",
        CalibrationData = new("x.npy", _files.Folder),
        Layers = layers.Length == 0 ? LayerRules.None : LayerRules.Parse(layers)!,
    });
}
