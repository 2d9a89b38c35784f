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
using OptimizerBuild.Plan;

namespace OptimizerBuild.Lowering;

/// <summary>Which convolutions are computed by Winograd's form, and that nothing else changes by it.</summary>
public sealed class WinogradRuleTests
{
    private const string Direct = nameof(Int8Convolution), Winograd = nameof(Int8WinogradConvolution);

    [Theory]
    [InlineData(16, 32, 32, true, 4, 0)]
    [InlineData(14, 32, 64, true, 4, 0)]
    [InlineData(13, 64, 32, true, 4, 0)]
    [InlineData(14, 64, 32, true, 4, 4)]
    [InlineData(7, 64, 64, true, 4, 4)]
    [InlineData(9, 64, 64, true, 0, 0)]
    [InlineData(9, 64, 64, false, 2, 0)]
    [InlineData(10, 64, 64, true, 4, 0)]
    [InlineData(16, 16, 32, true, 4, 0)]
    [InlineData(13, 16, 32, true, 0, 0)]
    [InlineData(16, 32, 16, true, 4, 0)]
    [InlineData(16, 64, 16, true, 4, 0)]
    [InlineData(16, 32, 40, true, 0, 0)]
    [InlineData(4, 512, 512, true, 0, 0)]
    [InlineData(6, 64, 64, true, 0, 0)]
    [InlineData(8, 64, 64, true, 4, 4)]
    [InlineData(6, 64, 64, false, 0, 0)]
    [InlineData(16, 16, 16, false, 4, 0)]
    [InlineData(13, 16, 16, false, 4, 0)]
    [InlineData(7, 16, 32, false, 4, 0)]
    [InlineData(16, 8, 32, false, 0, 0)]
    [InlineData(14, 256, 256, true, 4, 4)]
    [InlineData(14, 512, 256, true, 2, 0)]
    [InlineData(14, 512, 512, true, 0, 0)]
    [InlineData(14, 512, 512, false, 2, 0)]
    public void AShapeAndItsWeightsDecide(int size, int inputs, int outputs, bool isBounded, int tile, int vnniTile) =>
        Assert.Equal(new(tile, vnniTile), Of(size, inputs, outputs, isBounded, new sbyte[9 * inputs * outputs]));

    [Fact]
    public void SumsBeyondTwentySixBitsKeepWindowsOfFoursOut()
    {
        // 131,586 · 255 is the last multiple below 2^25.
        const int inputs = 128, outputs = 64, length = 9 * inputs;
        var weights = new sbyte[length * outputs];
        Span<sbyte> last = weights.AsSpan(length * (outputs - 1));
        foreach (int sign in (int[])[1, -1])
        {
            last.Fill((sbyte)(sign * 114));
            last[..258].Fill((sbyte)(sign * 115));
            Assert.Equal(131_586 * sign, last.ToArray().Sum(w => w));
            Assert.Equal(new(4, 4), Of(16, inputs, outputs, true, weights));
            last[^1] += (sbyte)sign;
            Assert.Equal(new(2, 0), Of(16, inputs, outputs, true, weights));
        }

        // Positive and negative weights make different sums.
        last[..(length / 2)].Fill(127);
        last[(length / 2)..].Fill(-128);
        Assert.Equal(new(4, 4), Of(16, inputs, outputs, true, weights));
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
        Assert.Equal(
            [
                .. direct.Calls.First(c => c.Macs > 0).Arguments,
                new PlanArgument.Integer("tile", 4),
                new PlanArgument.Integer("vnniTile", 0),
            ],
            lowered.Calls.First(c => c.Macs > 0).Arguments);

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

    private static WinogradTiles Of(int size, int inputs, int outputs, bool isBounded, sbyte[] weights)
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
        return WinogradRule.Of(window, layout, weights, map, isBounded);
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
