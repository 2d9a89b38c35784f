using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Made-up calibration samples: their ranges, and that they serve.</summary>
public class SyntheticCalibrationTests
{
    [Fact]
    public void ImagesAreBetweenZeroAndOneWithoutFurtherKnowledge()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Conv("a", g.Input("x", 1, 16, 16, 3), 3, 4, 3));
        SampleSet set = SyntheticCalibration.Create(graph, 8);
        Assert.True(set.Synthetic);
        Assert.Equal(8, set.Samples.Count);
        Assert.All(set.Samples, s => Assert.All(s[0].Values<float>(), v => Assert.InRange(v, 0f, 1f)));

        // Every second sample is smooth: neighbours are mostly equal.
        float[] smooth = set.Samples[1][0].Values<float>();
        Assert.True(Enumerable.Range(0, 16 * 15).Count(i => smooth[i * 3] == smooth[(i + 1) * 3]) > 120);
        float[] rough = set.Samples[0][0].Values<float>();
        Assert.True(Enumerable.Range(0, 16 * 15).Count(i => rough[i * 3] == rough[(i + 1) * 3]) < 5);
    }

    [Fact]
    public void SmallFirstWeightsTellThatImagesAreBytes()
    {
        var g = new FloatGraph();
        string x = g.Add("a", "Conv", [g.Input("x", 1, 3, 12, 12), g.Noise("w", 0.003, 8, 3, 3, 3)]);
        float[] values = [.. SyntheticCalibration.Create(g.Build(x), 8).Samples.SelectMany(s => s[0].Values<float>())];
        Assert.InRange(values.Max(), 250, 255);
        Assert.InRange(values.Min(), 0, 5);
    }

    [Fact]
    public void DeclaredRangesAreObeyed()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("a", g.Input("x", 1, 64), 64, 4));
        SampleSet set = SyntheticCalibration.Create(graph, 4, new Dictionary<string, (double, double)> { ["x"] = (-3, 5) });
        float[] values = [.. set.Samples.SelectMany(s => s[0].Values<float>())];
        Assert.InRange(values.Min(), -3f, -2.5f);
        Assert.InRange(values.Max(), 4.5f, 5f);
    }

    [Fact]
    public void NormalisationAtTheStartTellsTheRange()
    {
        var g = new FloatGraph();
        string x = g.Add("centred", "Sub", [g.Input("x", 1, 4), g.Constant("mean", Tensor.Of([100f, -5f, 0f, 7f], 4))]);
        x = g.Add("scaled", "Div", [x, g.Constant("deviation", Tensor.Of([50f, 1f, 0.01f, 2f], 4))]);
        SampleSet set = SyntheticCalibration.Create(g.Build(g.Dense("a", x, 4, 4)), 200);
        for (int i = 0; i < 4; i++)
        {
            float mean = new[] { 100f, -5f, 0f, 7f }[i];
            float deviation = new[] { 50f, 1f, 0.01f, 2f }[i];
            Assert.InRange(set.Samples.Average(s => s[0].Values<float>()[i]), mean - (0.3f * deviation), mean + (0.3f * deviation));
            Assert.InRange(set.Samples.Max(s => s[0].Values<float>()[i]), mean + (1.5f * deviation), mean + (6 * deviation));
        }
    }

    [Fact]
    public void IntegersStayBelowTheTableTheyIndex()
    {
        Tensor table = Tensor.Of(new float[7 * 3], 7, 3);
        Graph graph = new()
        {
            Name = "test",
            Inputs = ["ids"],
            Outputs = ["y"],
            Nodes = [new Node("flat", "Reshape", ["ids", "shape"], ["r"]), new Node("g", "Gather", ["table", "r"], ["y"])],
            Constants = System.Collections.Immutable.ImmutableSortedDictionary<string,
                Tensor>.Empty.Add("table", table).Add("shape", Tensor.Of([10L], 1)),
            Types = System.Collections.Immutable.ImmutableSortedDictionary<string, TensorType>.Empty
                .Add("ids", TensorType.Of(ElementType.Int64, 1, 10)).Add("r", TensorType.Of(ElementType.Int64, 10)).Add("y",
                    TensorType.Float32(10, 3)),
        };
        long[] values = [.. SyntheticCalibration.Create(graph, 20).Samples.SelectMany(s => s[0].Values<long>())];
        Assert.Equal(0, values.Min());
        Assert.Equal(6, values.Max());
    }

    [Fact]
    public void BatchNormsChooseTheInputsThatTheyWereTrainedOn()
    {
        // Bytes in training: the batch norm's statistics only fit inputs of that size.
        Graph graph = WithBatchNorm(new Random(3), 40, 60);
        SampleSet set = SyntheticCalibration.Create(graph, 16);
        float[] values = [.. set.Samples.SelectMany(s => s[0].Values<float>())];
        Assert.InRange(values.Average(), 10, 70);
        Assert.InRange(values.Max(), 80, 400);
    }

    [Fact]
    public void MatchedNoiseBeatsPlainNoise()
    {
        Graph original = WithBatchNorm(new Random(4), 40, 60);
        Graph graph = PassPipeline.Run(original);
        var random = new Random(5);
        IReadOnlyList<IReadOnlyList<Tensor>> real = [.. Enumerable.Range(0, 16).Select(_ =>
            (IReadOnlyList<Tensor>)[TrainingSample(random, 40, 60)])];
        double matched = Accuracy(SyntheticCalibration.Create(original, 16));
        double plain = Accuracy(new(
            [.. Enumerable.Range(0, 16).Select(i =>
                (IReadOnlyList<Tensor>)[InputNoise.Uniform(0, 1).Draw("x", graph.TypeOf("x"), random, i)])], true));
        Assert.True(matched > plain + 10, $"{matched} dB against {plain} dB");

        double Accuracy(SampleSet set)
        {
            QuantizationOptions forced = QuantizationOptions.Default with { Precision = ModelPrecision.Int8 };
            GraphQuantization q = new Quantizer(forced).Apply(new(graph), set, default).Model.Annotation<GraphQuantization>()!;
            Tensor[][] exact = new GraphEvaluator(graph).EvaluateMany(real);
            Tensor[][] rounded = new QuantizedGraphEvaluator(graph, q).EvaluateMany(real);
            return exact.Zip(rounded).Aggregate(default(ErrorPower), (sum, pair) =>
                sum + ErrorPower.Between(pair.Second[0], pair.First[0])).Decibels;
        }
    }

    [Fact]
    public void AConvolutionIsNoNormalisation()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 1, 8, 8);
        g.Add("y", "Conv", [x, g.Constant("w", Tensor.Of(new float[9], 1, 1, 3, 3))], n => n.With("pads", 1, 1, 1, 1));
        Assert.Equal(3, SyntheticCalibration.Create(g.Build("y"), 3).Samples.Count);
    }

    [Fact]
    public void InputsOfEveryTypeCanBeMadeUp()
    {
        var random = new Random(6);
        foreach (ElementType type in Enum.GetValues<ElementType>())
            Assert.Equal(2000, InputNoise.Uniform(0, 1).Draw("x", TensorType.Of(type, 2000), random, 0).Count);
        Assert.Contains(InputNoise.Uniform(0, 1).Draw("x", TensorType.Of(ElementType.Int8, 2000), random, 0).Values<sbyte>(), v => v < 0);
    }

    [Fact]
    public void SamplesAreTheSameEveryTime()
    {
        Graph graph = WithBatchNorm(new Random(3), 1, 1);
        Assert.Equal(
            SyntheticCalibration.Create(graph, 3).Samples.SelectMany(s => s[0].Values<float>()),
            SyntheticCalibration.Create(graph, 6).Samples.Take(3).SelectMany(s => s[0].Values<float>()));
    }

    private static Tensor TrainingSample(Random random, float mean, float deviation) => Tensor.Of(
        [.. Enumerable.Range(0, 3 * 8 * 8).Select(_ =>
            mean + (deviation * (float)((random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5) * 2)))],
        1, 3, 8, 8);

    // A convolution and a batch norm whose statistics are those of the convolution's outputs on training samples.
    private static Graph WithBatchNorm(Random random, float mean, float deviation)
    {
        var g = new FloatGraph();
        string x = g.Add("conv", "Conv", [g.Input("x", 1, 3, 8, 8), g.Noise("w", 0.3, 6, 3, 3, 3)]);
        var moments = new ChannelMoments(6);
        var evaluator = new GraphEvaluator(g.Build(x));
        for (int i = 0; i < 20; i++)
            moments.Add(evaluator.Evaluate([TrainingSample(random, mean, deviation)])[0], 1);
        x = g.Add("bn", "BatchNormalization",
        [
            x,
            g.Constant("gamma", Tensor.Of([.. Enumerable.Repeat(1f, 6)], 6)),
            g.Constant("beta", Tensor.Of(new float[6], 6)),
            g.Constant("mean", Tensor.Of([.. Enumerable.Range(0, 6).Select(c => (float)moments.Mean(c))], 6)),
            g.Constant("variance", Tensor.Of([.. Enumerable.Range(0, 6).Select(c => (float)moments.Variance(c))], 6)),
        ]);
        x = g.Add("relu", "Relu", [x]);
        return g.Build(g.Add("out", "Conv", [x, g.Noise("w2", 0.2, 4, 6, 3, 3)]));
    }
}
