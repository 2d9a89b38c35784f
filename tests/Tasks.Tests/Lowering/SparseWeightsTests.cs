using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Compression.Sparsification;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Lowering;

/// <summary>Integer layers whose weights have blocks of zeros, wherever these come from.</summary>
public sealed class SparseWeightsTests
{
    [Theory]
    [InlineData(0.1, false)]
    [InlineData(0.5, true)]
    [InlineData(0.9, true)]
    public void LayersWithManyZeroBlocksLeaveThemOut(double share, bool sparse)
    {
        CompressedModel model = Plans.Quantize(Network(share));
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        var blob = new WeightsBlob();
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions(), weights: blob);
        string prefix = sparse ? "Int8Sparse" : "Int8";
        Assert.Equal(
            ["Convolution", "Convolution", "Convolution", "Dense", "Dense"],
            lowered.Calls.Where(c => c.Macs > 0).Select(c => c.Kernel[prefix.Length..]));
        Assert.All(lowered.Calls.Where(c => c.Macs > 0), c => Assert.StartsWith(prefix, c.Kernel, StringComparison.Ordinal));
        foreach (WeightSection section in lowered.Sections)
        {
            Tensor unpacked = section.Storage.Unpack(section.Shape, lowered.Weights.AsSpan(section.Offset, section.Bytes));
            WeightQuantization weights = quantization.Weights[section.Node];
            Assert.Equal(weights.Layout!.Rows(weights.Values), unpacked.Values<sbyte>());
            Assert.Equal(section.Bytes, section.Storage.Parts(section.Shape, section.Bytes).Sum(p => p.Bytes));
            if (sparse)
                Assert.InRange(section.Storage.ShareOfProducts(section), 0.5 - (share / 2), 1.3 - share);
        }

        // The same bytes as the quantiser's simulation, and as weights that are coded and decoded.
        var simulation = new QuantizedGraphEvaluator(model.Graph, quantization);
        PlanExecutor executor = Plans.Execute(lowered);
        StoredWeights stored = WeightCoder.Code(blob, WeightCoding.Entropy);
        var decoded = new PlanExecutor(
            Plans.Of(lowered) with { Weights = stored.Describe("test.weights") }, stored.Bytes);
        var random = new Random(3);
        for (int i = 0; i < 3; i++)
        {
            Tensor[] sample = [RandomTensors.Of(random, model.Graph.TypeOf("x"))];
            Tensor[] expected = simulation.Evaluate(sample);
            Assert.Equal(expected[0].Data, executor.Run(sample)[0].Data);
            Assert.Equal(expected[0].Data, decoded.Run(sample)[0].Data);
        }
    }

    [Fact]
    public void TheEstimateFallsWithTheBlocks()
    {
        double[] estimates = [.. ((double[])[0, 0.5, 0.9]).Select(s =>
            GraphLowerer.Lower(Plans.Quantize(Network(s)), new BoundaryOptions()).EstimatedNanoseconds)];
        Assert.True(estimates[0] > estimates[1] && estimates[1] > estimates[2], string.Join(", ", estimates));
    }

    // Layers that have no kernels for it, or hardly any weights, stay dense however many zeros they have.
    [Fact]
    public void OthersStayDense()
    {
        LayerShape Rows(int outputs, int inputs) => LayerShape.OfRows(outputs, inputs) with { HasPanelKernels = true };
        bool Suits(LayerShape shape) => SparseS8.Suits(shape, Tensor.Of(
            [.. Enumerable.Range(0, shape.Count).Select(i => (sbyte)(i % shape.Inputs < 4 ? 1 : 0))], shape.Outputs, shape.Inputs, 1));
        Assert.True(Suits(Rows(32, 256)));
        Assert.False(Suits(LayerShape.OfRows(32, 256)));
        Assert.False(Suits(Rows(8, 32)));
        Assert.False(SparseS8.Suits(Rows(32, 256), Tensor.Zeros(TensorType.Of(ElementType.Int8, 32, 256, 1))));
        Assert.Empty(new SparseS8().Kernels(WeightOrder.Depthwise));
    }

    // A 3×3 convolution, a grouped and a dilated one, and dense layers with a last panel of eight outputs.
    private static Graph Network(double zeros)
    {
        var g = new FloatGraph();
        string x = g.Conv("a", g.Input("x", 1, 6, 6, 16), 16, 40, 3, relu: true);
        x = g.Conv("b", x, 40, 48, 3, relu: true, groups: 2);
        x = g.Add("c", "Conv", [x, g.Noise("c.w", 0.1, 24, 48, 3, 3)], n => n.With("channels_last", 1).With("dilations", 2, 2));
        x = g.Add("flat", "Reshape", [x, g.Constant("shape", Tensor.Of([1L, 96], 2))]);
        Graph graph = g.Build(g.Dense("e", g.Dense("d", x, 96, 72, relu: true), 72, 72));
        var random = new Random(4);
        var editor = new GraphEditor(graph);
        foreach (PrunableLayer layer in graph.Nodes.Select(n => PrunableLayer.Of(graph, n)).OfType<PrunableLayer>())
        {
            float[] weights = [.. graph.Constant(layer.Constant)!.Values<float>()];
            foreach ((int first, int count) in layer.Blocks!.Panels)
                foreach (int[] quad in layer.Blocks.Quads)
                    if (random.NextDouble() < zeros)
                        foreach (int k in quad)
                            for (int c = first; c < first + count; c++)
                                weights[layer.Layer.Index(c, k)] = 0;
            editor.SetConstant(layer.Constant, new(graph.Constant(layer.Constant)!.Type, weights));
        }
        return editor.ToGraph();
    }
}
