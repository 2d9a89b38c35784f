using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Sparsification;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Lowering;

/// <summary>Float32 layers whose weights have blocks of zeros, wherever these come from.</summary>
public sealed class SparseFloat32Tests
{
    [Theory]
    [InlineData(0.1, false)]
    [InlineData(0.5, true)]
    [InlineData(0.9, true)]
    public void LayersWithManyZeroBlocksLeaveThemOut(double share, bool sparse)
    {
        Graph graph = Network(share);
        var blob = new WeightsBlob();
        LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions(), weights: blob);
        string prefix = sparse ? "Float32Sparse" : "Float32";
        Assert.Equal(
            ["Convolution", "Convolution", "Convolution", "Convolution", "Dense", "Dense"],
            lowered.Calls.Where(c => c.Macs > 0).Select(c => c.Kernel[prefix.Length..]));
        Assert.All(lowered.Calls.Where(c => c.Macs > 0), c => Assert.StartsWith(prefix, c.Kernel, StringComparison.Ordinal));
        foreach (WeightSection section in lowered.Sections)
        {
            Tensor unpacked = section.Storage.Unpack(section.Shape, lowered.Weights.AsSpan(section.Offset, section.Bytes));
            PrunableLayer layer = PrunableLayer.Of(graph, graph.Nodes.Single(n => n.Name == section.Node))!;
            Assert.Equal(graph.Constant(layer.Constant)!.Values<float>(), unpacked.Values<float>());
            Assert.Equal(section.Bytes, section.Storage.Parts(section.Shape, section.Bytes).Sum(p => p.Bytes));
            if (sparse)
                Assert.InRange(section.Storage.ShareOfProducts(section), 0.3 * (1 - share), 1.3 - share);
        }

        // What the evaluator says, which adds up in another way, and the same bits from weights that are coded and decoded.
        var evaluator = new GraphEvaluator(graph);
        PlanExecutor executor = Plans.Execute(lowered);
        StoredWeights stored = WeightCoder.Code(blob, WeightCoding.Entropy);
        var decoded = new PlanExecutor(Plans.Of(lowered) with { Weights = stored.Describe("test.weights") }, stored.Bytes);
        var random = new Random(3);
        for (int i = 0; i < 3; i++)
        {
            Tensor[] sample = [RandomTensors.Of(random, graph.TypeOf("x"))];
            float[] actual = executor.Run(sample)[0].Values<float>();
            float[] expected = evaluator.Evaluate(sample)[0].Values<float>();
            Assert.All(expected.Zip(actual), v => Assert.Equal(v.First, v.Second, 1e-5f * (1 + Math.Abs(v.First))));
            Assert.Equal(actual, decoded.Run(sample)[0].Values<float>());
        }
    }

    // The same layer in both forms: each output adds up in the same order, and zeros change no sum.
    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public void ResultsAreThoseOfDenseKernels(int rows)
    {
        const int Inputs = 40, Outputs = 72;
        var random = new Random(5);
        float[] weights = [.. Enumerable.Range(0, Outputs * Inputs).Select(_ => random.NextSingle() - 0.5f)];
        for (int i = 0; i < weights.Length; i++)
            if (((i / Inputs / 16) + (i % Inputs / 4)) % 3 != 0)
                weights[i] = 0;

        // Weights that are so small change no sum either, but make blocks.
        float[] Run(bool isSparse)
        {
            var g = new FloatGraph();
            string x = g.Input("x", rows, Inputs);
            Tensor w = Tensor.Of(isSparse ? weights : [.. weights.Select(v => v == 0 ? float.Epsilon : v)], Outputs, Inputs);
            Graph graph = g.Build(g.Add("y", "Gemm", [x, g.Constant("w", w)], n => n.With("transB", 1)));
            LoweredModel lowered = GraphLowerer.Lower(new CompressedModel(graph), new BoundaryOptions());
            Assert.Equal(isSparse ? "Float32SparseDense" : "Float32Dense", lowered.Calls.Single(c => c.Macs > 0).Kernel);
            return Plans.Execute(lowered).Run([RandomTensors.Of(new Random(2), graph.TypeOf("x"))])[0].Values<float>();
        }
        Assert.Equal(Run(isSparse: false), Run(isSparse: true));
    }

    [Fact]
    public void TheEstimateFallsWithTheBlocks()
    {
        double[] estimates = [.. ((double[])[0, 0.5, 0.9]).Select(s =>
            GraphLowerer.Lower(new CompressedModel(Network(s)), new BoundaryOptions()).EstimatedNanoseconds)];
        Assert.True(estimates[0] > estimates[1] && estimates[1] > estimates[2], string.Join(", ", estimates));
    }

    // Layers that have no kernels for it, runs that are shorter than a block, and few weights stay dense however many zeros they have.
    [Fact]
    public void OthersStayDense()
    {
        LayerShape Rows(int outputs, int inputs) => LayerShape.OfRows(outputs, inputs) with { HasPanelKernels = true };
        bool Suits(LayerShape shape) => SparseFloat32.Suits(shape, Tensor.Of(
            [.. Enumerable.Range(0, shape.Count).Select(i => i % (shape.Inputs * shape.Taps) < 4 ? 1f : -0f)],
            shape.Groups * shape.Outputs, shape.Inputs, shape.Taps));
        Assert.True(Suits(Rows(32, 256)));
        Assert.False(Suits(LayerShape.OfRows(32, 256)));
        Assert.False(Suits(Rows(8, 32)));
        LayerShape window = new(WeightOrder.Convolution, 1, 32, 3, [5, 5]) { HasPanelKernels = true, InputPixelStride = 12 };
        Assert.True(Suits(window));
        Assert.False(Suits(window with { DilationWidth = 2 }));
        Assert.False(Suits(window with { Groups = 2 }));
        Assert.False(SparseFloat32.Suits(Rows(32, 256), Tensor.Zeros(TensorType.Of(ElementType.Float32, 32, 256, 1))));
        Assert.Empty(new SparseFloat32().Kernels(WeightOrder.Depthwise));
    }

    // A 3×3 convolution, a grouped and a dilated one, one whose runs are no whole blocks, and dense layers with incomplete last panels.
    private static Graph Network(double zeros)
    {
        var g = new FloatGraph();
        string x = g.Conv("a", g.Input("x", 1, 6, 6, 16), 16, 40, 3, relu: true);
        x = g.Conv("b", x, 40, 48, 3, relu: true, groups: 2);
        x = g.Add("c", "Conv", [x, g.Noise("c.w", 0.1, 26, 48, 3, 3)], n => n.With("channels_last", 1).With("dilations", 2, 2));
        x = g.Add("f", "Conv", [x, g.Noise("f.w", 0.1, 24, 26, 2, 1)], n => n.With("channels_last", 1));
        x = g.Add("flat", "Reshape", [x, g.Constant("shape", Tensor.Of([1L, 48], 2))]);
        Graph graph = g.Build(g.Dense("e", g.Dense("d", x, 48, 72, relu: true), 72, 72));
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
