using OptimizerBuild.Compression;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Data;
using OptimizerBuild.Evaluation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering.Coding;
using OptimizerBuild.Lowering.Weights;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Lowering;

/// <summary>Layers whose weights take four bits in memory, with scales for groups of inputs and without.</summary>
public sealed class FourBitWeightsTests
{
    [Theory]
    [InlineData(0, "Int4Convolution Int8Convolution Int8Depthwise Int8Dense")]
    [InlineData(32, "Int4Convolution Int4Convolution Int8Depthwise Int4Dense")]
    public void TheirKernelsGiveTheBytesOfTheSimulation(int group, string kernels)
    {
        (CompressedModel model, LoweredModel lowered, WeightsBlob blob) = Lower(group);
        GraphQuantization quantization = model.Annotation<GraphQuantization>()!;
        Assert.Equal(kernels.Split(' '), lowered.Calls.Where(c => c.Macs > 0).Select(c => c.Kernel));
        foreach (WeightSection section in lowered.Sections)
        {
            WeightQuantization weights = quantization.Weights[section.Node];
            Assert.Equal(section.Node is "b/node" or "d/node" ? group : 0, weights.GroupInputs);
            Tensor unpacked = section.Storage.Unpack(section.Shape, lowered.Weights.AsSpan(section.Offset, section.Bytes));
            Assert.Equal(weights.Layout!.Rows(weights.Values), unpacked.Values<sbyte>());
            Assert.True(weights.PairSumsBounded);
            Assert.Equal(section.Bytes, section.Storage.Parts(section.Shape, section.Bytes).Sum(p => p.Bytes));
            if (section.Storage is DenseS4)
            {
                // Panels have 16 outputs.
                int count = section.Shape.Count / section.Shape.Outputs * ((section.Shape.Outputs + 15) / 16 * 16);
                Assert.InRange(section.Bytes, count / 2, (int)(count * (0.5 + (1.0 / 32))));
            }
        }

        var simulation = new QuantizedGraphEvaluator(model.Graph, quantization);
        PlanExecutor executor = Plans.Execute(lowered);
        PlanExecutor[] decoded = [.. ((WeightCoding[])[WeightCoding.Structural, WeightCoding.Entropy]).Select(coding =>
        {
            StoredWeights stored = WeightCoder.Code(blob, coding);
            Assert.True(coding == WeightCoding.Structural || stored.IsCoded);
            return new PlanExecutor(Plans.Of(lowered) with { Weights = stored.Describe("test.weights") }, stored.Bytes);
        })];
        var random = new Random(3);
        for (int i = 0; i < 3; i++)
        {
            Tensor[] sample = [RandomTensors.Of(random, model.Graph.TypeOf("x"))];
            Tensor[] expected = simulation.Evaluate(sample);
            Assert.Equal(expected[0].Data, executor.Run(sample)[0].Data);
            Assert.All(decoded, d => Assert.Equal(expected[0].Data, d.Run(sample)[0].Data));
        }
    }

    [Fact]
    public void OneRowIsWorthItFromHalfAMegabyteOn()
    {
        bool Suits(int rows, int outputs, int inputs, Func<int, int> weight, int group = 0, int taps = 1) => DenseS4.Suits(
            new LayerShape(WeightOrder.Convolution, 1, outputs, inputs, [1, taps])
            {
                InputPixelStride = inputs, HasPanelKernels = true, Rows = rows, GroupInputs = group,
            },
            Tensor.Of([.. Enumerable.Range(0, outputs * inputs * taps).Select(i => (sbyte)weight(i))], outputs, inputs, taps));
        int Four(int i) => (i * 7 % 15) - 7;

        Assert.True(Suits(1, 512, 1024, Four));
        Assert.False(Suits(1, 256, 1024, Four));
        Assert.False(Suits(1, 512, 512, Four, taps: 2));
        Assert.True(Suits(DenseS4.FewestRows, 64, 64, Four));
        Assert.False(Suits(DenseS4.FewestRows - 1, 64, 64, Four));
        Assert.False(Suits(DenseS4.FewestRows, 64, 64, i => i == 5 ? 8 : Four(i)));
        Assert.False(Suits(DenseS4.FewestRows, 64, 66, Four));

        // What has a shorter code of its own: signs, and mostly zeros.
        Assert.False(Suits(DenseS4.FewestRows, 64, 64, i => (i % 3) - 1));
        Assert.False(Suits(DenseS4.FewestRows, 64, 64, i => i % 2 == 0 ? 0 : Four(i)));

        // Scales of groups are worth it whatever the layer.
        Assert.True(Suits(1, 16, 64, i => Four(i) * (1 + (i % 64 / 32)), group: 32));
        Assert.False(Suits(1, 16, 64, i => Four(i) * (1 + (i % 64 / 16)), group: 32));
        Assert.False(Suits(1, 16, 64, i => Four(i) * 10, group: 32));
    }

    /// <summary>What is lowered again for several samples keeps the form of one, whatever it would have by itself.</summary>
    [Theory]
    [InlineData(true, "Int4Dense", "Int8Dense")]
    [InlineData(false, "Int8Convolution", "Int4Convolution")]
    public void SeveralSamplesReadTheWeightsOfOne(bool isDense, string form, string otherwise)
    {
        Graph Graph(int samples)
        {
            var g = new FloatGraph();
            return g.Build(isDense ? g.Dense("y", g.Input("x", samples, 1024), 1024, 512)
                : g.Conv("y", g.Input("x", samples, 4, 4, 64), 64, 64, 3));
        }
        Graph one = Graph(1);
        CompressedModel model = new Quantizer(new QuantizationOptions
        {
            Precision = ModelPrecision.Int8,
            Layers = LayerRules.Parse("*:Int4")!,
            LeastOutputSignalToNoise = null,
            OutputSignalToNoise = 0,
        }).Apply(new CompressedModel(one), FloatGraph.Samples(one, 4), CancellationToken.None).Model;
        CompressedModel several = model.WithGraph(Graph(16)).With(model.Annotation<GraphQuantization>()!);
        var weights = new WeightsBlob();
        LoweredModel single = GraphLowerer.Lower(model, new BoundaryOptions(), weights: weights);
        int bytes = weights.Length;
        LoweredModel batch = GraphLowerer.Lower(several, new BoundaryOptions(), weights: weights.Copy());
        Assert.Equal(form, single.Calls.Single(c => c.Macs > 0).Kernel);
        Assert.Equal(form, batch.Calls.Single(c => c.Macs > 0).Kernel);
        Assert.Equal(otherwise, GraphLowerer.Lower(several, new BoundaryOptions()).Calls.Single(c => c.Macs > 0).Kernel);
        Assert.Equal(bytes, batch.Weights.Length);
        Assert.Equal((single.Sections[0].Offset, single.Sections[0].Bytes), (batch.Sections[0].Offset, batch.Sections[0].Bytes));
    }

    [Fact]
    public void ARuleWithoutFourBitsForItsGroupsIsToldSo()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("b", g.Dense("a", g.Input("x", 1, 96), 96, 96), 96, 24));
        string[] Told(string rules) => [.. new Quantizer(new QuantizationOptions
        {
            Precision = ModelPrecision.Int8,
            Layers = LayerRules.Parse(rules)!,
            LeastOutputSignalToNoise = null,
            OutputSignalToNoise = 0,
        }).Apply(new CompressedModel(graph), FloatGraph.Samples(graph, 4), CancellationToken.None).Diagnostics
            .Where(d => d.Descriptor.Code == "OPT0064").Select(d => d.Text)];
        string message = Assert.Single(Told("a*:GroupSize=32; b*:Int4,GroupSize=32"));
        Assert.Contains("GroupSize to 'a/node', where", message, StringComparison.Ordinal);
        Assert.Contains("Layers=\"a/node:Int4,GroupSize=64\"", message, StringComparison.Ordinal);
        Assert.Empty(Told("*:Int4,GroupSize=32"));
        Assert.Empty(Told("b*:Int4"));

        // A pattern that reaches a layer of 4 bits does what it says.
        Assert.Empty(Told("*:GroupSize=32; b*:Int4"));
        Assert.Contains("to 'a/node', 'b/node', where", Assert.Single(Told("*:GroupSize=32")), StringComparison.Ordinal);
    }

    [Fact]
    public void DamagedFactorsAreFound()
    {
        var shape = LayerShape.OfRows(16, 64) with { GroupInputs = 32 };
        var form = new DenseS4();
        byte[] packed = form.Pack(shape, Tensor.Of([.. Enumerable.Range(0, shape.Count).Select(i => (sbyte)(i % 8))], 16, 64, 1));
        Assert.Null(form.Fault(shape, packed));
        packed[^1] = 10;
        Assert.Contains("a factor is 10", form.Fault(shape, packed), StringComparison.Ordinal);
        Assert.Contains("are not the", form.Fault(shape, packed.AsSpan(1)), StringComparison.Ordinal);
    }

    [Fact]
    public void ScalesOfGroupsFollowTheWeights()
    {
        // Inputs 32 to 63 have weights of an eighth of the others.
        var random = new Random(5);
        float[] weights = [.. Enumerable.Range(0, 24 * 96).Select(i =>
            (random.NextSingle() - 0.5f) * (i % 96 / 32 == 1 ? 0.125f : 1))];
        var g = new FloatGraph();
        Graph graph = g.Build(g.Add("y", "Gemm", [g.Input("x", 1, 96), g.Constant("w", Tensor.Of(weights, 24, 96))],
            n => n.With("transB", 1)));
        DotProductLayer layer = new QuantizableGraph(graph).Nodes.Single(n => n.Layer is not null).Layer!;
        QuantizedRows plain = WeightQuantizer.Round(layer, null, true, levels: WeightLevels.Bits4);
        QuantizedRows grouped = WeightQuantizer.Round(layer, null, true, levels: WeightLevels.Bits4, groupInputs: 32);
        Assert.True(WeightQuantizer.Noise(layer, grouped, null) < 0.95 * WeightQuantizer.Noise(layer, plain, null));
        for (int c = 0; c < 24; c++)
        {
            Assert.Equal(1, grouped.Factors!.Of(c, 40));
            Assert.InRange(grouped.Factors.Of(c, 0), 7, Int4Packing.GreatestFactor);
            for (int k = 0; k < 96; k++)
            {
                (int quotient, int rest) = Math.DivRem(grouped.Values[layer.Index(c, k)], grouped.Factors.Of(c, k));
                Assert.Equal(0, rest);
                Assert.InRange(quotient, -7, 7);
            }
        }
        Assert.Equal(32, GroupFactors.InputsFor(layer, 32));
        Assert.Equal(0, GroupFactors.InputsFor(layer, 128));
        Assert.Equal(0, GroupFactors.InputsFor(layer, 0));
    }

    // A convolution of more rows than it takes to expand weights, one of 64 inputs, a depthwise one and a dense layer.
    private static (CompressedModel Model, LoweredModel Lowered, WeightsBlob Blob) Lower(int group)
    {
        var g = new FloatGraph();
        string x = g.Conv("a", g.Input("x", 1, 16, 16, 16), 16, 64, 3, relu: true);
        x = g.Add("p", "MaxPool", [x], n => n.With("channels_last", 1).With("kernel_shape", 4, 4).With("strides", 4, 4));
        x = g.Conv("b", x, 64, 40, 3, relu: true);
        x = g.Conv("c", x, 40, 40, 3, relu: true, groups: 40);
        int[] shape = [.. g.Build(x).TypeOf(x).Dimensions];
        int count = shape.Aggregate(1, (a, b) => a * b);
        x = g.Add("flat", "Reshape", [x, g.Constant("shape", Tensor.Of([1L, count], 2))]);
        Graph graph = g.Build(g.Dense("d", x, count, 24));
        var random = new Random(11);
        SampleSet samples = new([.. Enumerable.Range(0, 4).Select(_ =>
            (IReadOnlyList<Tensor>)[RandomTensors.Of(random, graph.TypeOf("x"))])], false);
        CompressedModel model = new Quantizer(new QuantizationOptions
        {
            Precision = ModelPrecision.Int8,
            Weights = ModelPrecision.Int4,
            Layers = LayerRules.Parse("*:Int4")!,
            GroupSize = group,
            CompensatesRounding = true,
            LeastOutputSignalToNoise = null,
            OutputSignalToNoise = 0,
        }).Apply(new CompressedModel(graph), samples, CancellationToken.None).Model;
        var blob = new WeightsBlob();
        return (model, GraphLowerer.Lower(model, new BoundaryOptions(), weights: blob), blob);
    }
}
