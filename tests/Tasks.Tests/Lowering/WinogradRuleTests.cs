using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Int8;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Lowering;

/// <summary>Which convolutions are computed by Winograd's form, and that nothing else changes by it.</summary>
public sealed class WinogradRuleTests
{
    private const string Direct = nameof(Int8Convolution), Winograd = nameof(Int8WinogradConvolution);

    [Theory]
    [InlineData(16, 32, 32, true, Winograd)]
    [InlineData(14, 32, 64, true, Winograd)]
    [InlineData(13, 64, 32, true, Winograd)]
    [InlineData(7, 64, 64, true, Direct)]
    [InlineData(16, 16, 32, true, Direct)]
    [InlineData(16, 32, 16, true, Direct)]
    [InlineData(16, 32, 40, true, Direct)]
    [InlineData(4, 512, 512, true, Direct)]
    [InlineData(6, 64, 64, true, Direct)]
    [InlineData(8, 64, 64, true, Winograd)]
    [InlineData(6, 64, 64, false, Direct)]
    [InlineData(16, 16, 16, false, Winograd)]
    [InlineData(7, 16, 32, false, Winograd)]
    [InlineData(16, 8, 32, false, Direct)]
    public void AShapeAndItsWeightsDecide(int size, int inputs, int outputs, bool isBounded, string kernel)
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Conv("y", g.Input("x", 1, size, size, inputs), inputs, outputs, 3));
        WindowGeometry window = WindowGeometry.OfConvolution(OperatorContext.Of(graph, graph.Nodes[0]));
        var layout = new WeightLayout
        {
            Order = WeightOrder.Convolution,
            AddsBlocks = false,
            Groups = 1,
            Outputs = outputs,
            Inputs = inputs,
            KernelHeight = 3,
            KernelWidth = 3,
            Dilation = 1,
            PixelStride = inputs,
            IsStoredByInputs = false,
        };
        var map = new FeatureMap(1, size, size, outputs, size * size * outputs, size * outputs, outputs);
        Assert.Equal(kernel == Winograd, WinogradRule.Suits(window, layout, map, isBounded));
    }

    [Fact]
    public void OtherWindowsAndLastLayersKeepTheDirectForm()
    {
        Assert.True(Int8WinogradConvolution.IsSupported(1, 1808, 2304, 3, 3, 1, 1, 1, 1));
        Assert.False(Int8WinogradConvolution.IsSupported(1, 1808, 2336, 3, 3, 1, 1, 1, 1));
        LoweredModel Of(int kernel, int groups, int stride)
        {
            var g = new FloatGraph();
            return GraphLowerer.Lower(Quantize(g.Build(g.Conv("z", g.Conv(
                "y", g.Input("x", 1, 16, 16, 64), 64, 64, kernel, relu: true, groups, stride), 64, 64, 3))), new BoundaryOptions());
        }
        Assert.Equal([Winograd, Direct], Of(3, 1, 1).Calls.Where(c => c.Macs > 0).Select(c => c.Kernel));
        foreach (LoweredModel lowered in (LoweredModel[])[Of(5, 1, 1), Of(1, 1, 1), Of(3, 2, 1), Of(3, 1, 2)])
            Assert.Equal([Direct, Direct], lowered.Calls.Where(c => c.Macs > 0).Select(c => c.Kernel));
    }

    [Fact]
    public void WeightsArenaAndBytesAreThoseOfTheDirectForm()
    {
        Graph graph = Layers(13, 32, 48);
        CompressedModel model = Quantize(graph);
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        LoweredModel direct = GraphLowerer.Lower(model, new BoundaryOptions { SavesMemory = true });
        Assert.Equal(Winograd, lowered.Calls.First(c => c.Macs > 0).Kernel);
        Assert.Equal(Direct, direct.Calls.First(c => c.Macs > 0).Kernel);
        Assert.Equal(direct.Weights, lowered.Weights);
        Assert.Equal(direct.ArenaBytes, lowered.ArenaBytes);
        Assert.Equal(direct.Calls.First(c => c.Macs > 0).Arguments, lowered.Calls.First(c => c.Macs > 0).Arguments);

        var simulation = new QuantizedGraphEvaluator(graph, model.Annotation<GraphQuantization>()!);
        var random = new Random(3);
        Tensor[] sample = [RandomTensors.Of(random, graph.TypeOf("x"))];
        Assert.Equal(simulation.Evaluate(sample)[0].Data, Plans.Execute(lowered).Run(sample)[0].Data);
    }

    [Fact]
    public void AnItemThatLimitsItsMemoryHasAnotherKeyWhateverTheLimit()
    {
        ModelOptions options = ItemMetadata.Parse("m.onnx", new Dictionary<string, string>(), "/folder", "");
        string limited = OptionsText.Write(options with { MaxMemory = 1 });
        Assert.NotEqual(OptionsText.Write(options), limited);
        Assert.Equal(limited, OptionsText.Write(options with { MaxMemory = 2 }));
    }

    private static Graph Layers(int size, int inputs, int outputs)
    {
        var g = new FloatGraph();
        return g.Build(g.Conv("z", g.Conv("y", g.Input("x", 1, size, size, inputs), inputs, outputs, 3, relu: true), outputs, 8, 1));
    }

    private static CompressedModel Quantize(Graph graph) =>
        new Quantizer(new QuantizationOptions { Precision = ModelPrecision.Int8 })
            .Apply(new CompressedModel(graph), FloatGraph.Samples(graph, 2), CancellationToken.None).Model;
}
