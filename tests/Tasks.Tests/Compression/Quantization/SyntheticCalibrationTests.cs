using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Made-up calibration samples: their ranges, and that they serve.</summary>
public class SyntheticCalibrationTests
{
    [Fact]
    public void SamplesOfAnUnknownInputAreOfEverySize()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Conv("a", g.Input("x", 1, 16, 16, 3), 3, 4, 3));
        SampleSet set = SyntheticCalibration.Create(graph, 8);
        Assert.True(set.Synthetic);
        Assert.Equal(["x"], set.MadeUp!.UnknownInputs);
        Assert.Equal(4, set.MadeUp.Kinds);
        float[][] values = [.. set.Samples.Select(s => s[0].Values<float>())];
        Assert.Equal(8, values.Length);
        Assert.All(values[0], v => Assert.InRange(v, 0f, 1f));
        Assert.InRange(values[1].Min(), -5f, -1f);
        Assert.InRange(values[2].Max(), 250f, 255f);
        Assert.InRange(values[3].Min(), -500f, -100f);

        // The second round is smooth: neighbours are mostly equal.
        Assert.True(Enumerable.Range(0, 16 * 15).Count(i => values[4][i * 3] == values[4][(i + 1) * 3]) > 120);
        Assert.True(Enumerable.Range(0, 16 * 15).Count(i => values[0][i * 3] == values[0][(i + 1) * 3]) < 5);
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
        Assert.Equal(1, set.MadeUp!.Kinds);
        Assert.Empty(set.MadeUp.UnknownInputs);
    }

    [Fact]
    public void NormalisationAtTheStartTellsTheRange()
    {
        var g = new FloatGraph();
        string x = g.Add("centred", "Sub", [g.Input("x", 1, 4), g.Constant("mean", Tensor.Of([100f, -5f, 0f, 7f], 4))]);
        x = g.Add("scaled", "Div", [x, g.Constant("deviation", Tensor.Of([50f, 1f, 0.01f, 2f], 4))]);
        Graph graph = g.Build(g.Dense("a", x, 4, 4));
        AssertNormalised(SyntheticCalibration.Create(graph, 1000), 5);

        // The range of a table is that of all its columns together, so that normal noise is one of two kinds.
        AssertNormalised(SyntheticCalibration.Create(graph, 400, new Dictionary<string, (double, double)> { ["x"] = (0, 255) }), 2);

        static void AssertNormalised(SampleSet set, int kinds)
        {
            Assert.Equal(kinds, set.MadeUp!.Kinds);
            float[][] normal = [.. set.Samples.Where((_, i) => i % kinds == kinds - 1).Select(s => s[0].Values<float>())];
            for (int i = 0; i < 4; i++)
            {
                float mean = new[] { 100f, -5f, 0f, 7f }[i];
                float deviation = new[] { 50f, 1f, 0.01f, 2f }[i];
                Assert.InRange(normal.Average(s => s[i]), mean - (0.3f * deviation), mean + (0.3f * deviation));
                Assert.InRange(normal.Max(s => s[i]), mean + (1.5f * deviation), mean + (6 * deviation));
            }
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
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("a", g.Input("x", 1, 64), 64, 4));
        Assert.Equal(
            SyntheticCalibration.Create(graph, 3).Samples.SelectMany(s => s[0].Values<float>()),
            SyntheticCalibration.Create(graph, 6).Samples.Take(3).SelectMany(s => s[0].Values<float>()));
    }
}
