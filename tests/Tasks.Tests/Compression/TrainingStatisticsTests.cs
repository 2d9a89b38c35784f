using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression;

/// <summary>Data far from what batch normalisations saw in training.</summary>
public class TrainingStatisticsTests
{
    [Theory]
    [InlineData(1f)]
    [InlineData(2f)]
    [InlineData(0.3f)]
    public void DataAsInTrainingAreNotMentioned(float scale) => Assert.Null(Check(Trained(), scale));

    [Theory]
    [InlineData(255f, "times as far from their mean in training")]
    [InlineData(1 / 255f, "times as close together")]
    public void DataOfAnotherScaleAreWarnedOf(float scale, string how)
    {
        Diagnostic warning = Assert.IsType<Diagnostic>(Check(Trained(), scale));
        Assert.Equal(("OPT0047", Severity.Warning), (warning.Descriptor.Code, warning.Descriptor.Severity));
        Assert.Contains("batch normalisation 'first/node'", warning.Text, StringComparison.Ordinal);
        Assert.Contains(how, warning.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void ABatchNormalizationBehindAnotherOneIsNotAsked()
    {
        // The second one's statistics fit no data at all; the first one's do.
        Assert.Null(Check(Trained(secondMean: 1e6f), 1));
    }

    [Fact]
    public void OneThatWasNeverTrainedSaysNothing()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 4, 6, 6);
        Normalisation(g, "first", x, new float[4], [1, 1, 1, 1]);
        Assert.Null(Check(g.Build("first"), 255));
    }

    [Fact]
    public void AChannelThatNeverVariedDoesNotCount()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 2, 6, 6);
        Normalisation(g, "first", x, [0, 5], [1, 1e-12f]);
        Assert.Null(Check(g.Build("first"), 1));
    }

    private static Diagnostic? Check(Graph graph, float scale) =>
        TrainingStatistics.Check(graph, FloatGraph.Samples(graph, 40, seed: 3, scale), default);

    // A convolution with two batch normalisations; the first one's statistics are those of noise of deviation 1.
    private static Graph Trained(float secondMean = 0)
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 3, 8, 8);
        string y = g.Add("conv", "Conv", [x, g.Noise("w", 1, 4, 3, 3, 3), g.Constant("b", Tensor.Of([0.1f, -0.2f, 0, 3], 4))]);
        Graph before = g.Build(y);
        var evaluator = new GraphEvaluator(before);
        float[][] channels = [.. Enumerable.Range(0, 4).Select(_ => Array.Empty<float>())];
        foreach (Tensor[] values in evaluator.EvaluateMany(FloatGraph.Samples(before, 200, seed: 9).Samples))
            for (int c = 0; c < 4; c++)
                channels[c] = [.. channels[c], .. values[0].Values<float>().AsSpan(c * 36, 36)];
        float[] mean = [.. channels.Select(c => c.Average())];
        string first = Normalisation(g, "first", y, mean,
            [.. channels.Select((values, c) => values.Average(v => (v - mean[c]) * (v - mean[c])))]);
        return g.Build(Normalisation(g, "second", g.Add("relu", "Relu", [first]), [secondMean, 0, 0, 0], [1, 1, 1, 2]));
    }

    private static string Normalisation(FloatGraph g, string name, string x, float[] mean, float[] variance)
    {
        return g.Add(name, "BatchNormalization", [x, Vector("scale", [.. mean.Select(_ => 1.5f)]),
            Vector("shift", [.. mean.Select(_ => 0.5f)]), Vector("mean", mean), Vector("variance", variance)]);

        string Vector(string parameter, float[] values) => g.Constant($"{name}.{parameter}", Tensor.Of(values, values.Length));
    }
}
