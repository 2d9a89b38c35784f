using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>The means against outliers: dynamic ranges, and products over inner and outer values.</summary>
public class OutlierTests
{
    /// <summary>
    /// A matrix product, a padded convolution with channels last and one with channels second, all with bias and activation.
    /// </summary>
    public static TheoryData<string> Products => ["rows", "channels last", "channels second"];

    [Theory]
    [MemberData(nameof(Products))]
    public void SamplesOfDifferentExtentGetADynamicRange(string kind)
    {
        Graph graph = Product(kind);
        CompressionResult result = new Quantizer(QuantizationOptions.Default).Apply(new(graph), OfDifferentExtent(graph, 1), default);
        Graph rewritten = result.Model.Graph;
        GraphQuantization q = result.Model.Annotation<GraphQuantization>()!;
        QuantizationInvariants.Check(rewritten, q);
        string product = Assert.Single(q.Weights.Keys);
        Assert.Equal(1, q.IntegerMacShare(rewritten));
        Assert.Contains(result.Notes, n => n.Contains($"'{product}' with a dynamic range", StringComparison.Ordinal));
        Assert.All(rewritten.Nodes.Where(DynamicRange.IsPart), n => Assert.Equal("carries a dynamic range", q.Nodes[n.Name].Reason));

        // Quiet samples keep their precision beside loud ones.
        SampleSet unseen = OfDifferentExtent(graph, 2);
        Assert.True(Decibels(graph, rewritten, q, unseen) > 30, $"{Decibels(graph, rewritten, q, unseen)} dB");
        AssertSame(graph, rewritten, unseen);
    }

    /// <summary>A way that was found is taken again: the same integers, for less work.</summary>
    [Theory]
    [MemberData(nameof(Products))]
    public void AWayThatWasFoundIsTakenAtOnce(string kind)
    {
        Graph graph = Product(kind);
        SampleSet samples = OfDifferentExtent(graph, 1);
        var first = new Quantizer(QuantizationOptions.Default);
        CompressedModel found = first.Apply(new(graph), samples, default).Model;
        Assert.NotNull(first.Path);
        Assert.Single(first.Path.Dynamic);

        var second = new Quantizer(QuantizationOptions.Default with { Path = first.Path });
        CompressedModel again = second.Apply(new(graph), samples, default).Model;

        Assert.Equal(found.Graph.Nodes.Select(n => n.Name), again.Graph.Nodes.Select(n => n.Name));
        GraphQuantization expected = found.Annotation<GraphQuantization>()!, actual = again.Annotation<GraphQuantization>()!;
        Assert.Equal(expected.Nodes.Where(n => !n.Value.Integer).Select(n => n.Key),
            actual.Nodes.Where(n => !n.Value.Integer).Select(n => n.Key));
        Assert.InRange(actual.OutputSignalToNoise!.Value, expected.OutputSignalToNoise!.Value - 3, double.PositiveInfinity);
        Assert.True(second.Budget.Spent < first.Budget.Spent, $"{second.Budget.Spent} beside {first.Budget.Spent}");
        Assert.Equal(first.Path.Dynamic, second.Path!.Dynamic);
    }

    [Fact]
    public void DynamicRangeOfNothingLeavesTheBias()
    {
        Graph graph = Product("rows");
        CompressedModel model = new Quantizer(QuantizationOptions.Default).Apply(new(graph), OfDifferentExtent(graph, 1), default).Model;
        Tensor[] zeros = [Tensor.Zeros(graph.TypeOf("x"))];
        Assert.Equal(
            new GraphEvaluator(graph).Evaluate(zeros)[0].Values<float>(),
            new QuantizedGraphEvaluator(model.Graph, model.Annotation<GraphQuantization>()!).Evaluate(zeros)[0].Values<float>());
    }

    [Fact]
    public void OutliersInEveryRowAreSplitOff()
    {
        // Values near 1, in each row one of 30: all outputs depend on all of them.
        var g = new FloatGraph();
        string x = g.Add("normal", "Div", [g.Input("x", 1, 6, 1024), g.Constant("one", Tensor.Of([1f], 1))]);
        x = g.Add("y", "MatMul", [x, g.Noise("w", 0.03, 1024, 24)], n => FloatGraph.Relu(n));
        Graph graph = g.Build(x);
        SampleSet unseen = WithOutliers(2);
        CompressionResult result = new Quantizer(QuantizationOptions.Default).Apply(new(graph), WithOutliers(1), default);
        Graph split = result.Model.Graph;
        GraphQuantization q = result.Model.Annotation<GraphQuantization>()!;
        QuantizationInvariants.Check(split, q);
        Assert.Equal(2, q.Weights.Count);
        Assert.Equal(1, q.IntegerMacShare(split));
        Assert.True(Decibels(graph, split, q, unseen) > 32, $"{Decibels(graph, split, q, unseen)} dB");
        AssertSame(graph, split, unseen);

        SampleSet WithOutliers(int seed)
        {
            SampleSet set = FloatGraph.Samples(graph, 24, seed);
            foreach (IReadOnlyList<Tensor> sample in set.Samples)
                for (int row = 0; row < 6; row++)
                    sample[0].Values<float>()[(row * 1024) + (97 * row) + seed] = row % 2 == 0 ? 30 : -28;
            return set;
        }
    }

    private static Graph Product(string kind)
    {
        var g = new FloatGraph();
        Tensor one = Tensor.Of([1f], 1);
        if (kind == "rows")
        {
            string rows = g.Add("normal", "Div", [g.Input("x", 16, 32), g.Constant("one", one)]);
            return g.Build(g.Dense("y", rows, 32, 24, relu: true));
        }
        bool last = kind == "channels last";
        string x = g.Add("normal", "Div", [last ? g.Input("x", 1, 6, 6, 8) : g.Input("x", 1, 8, 6, 6), g.Constant("one", one)]);
        return g.Build(last
            ? g.Conv("y", x, 8, 16, 3, relu: true)
            : g.Add("y", "Conv", [x, g.Noise("w", 0.1, 16, 8, 3, 3), g.Noise("b", 0.1, 16)], n =>
                FloatGraph.Relu(n.With("pads", 1, 1, 1, 1))));
    }

    // What a normalisation makes of lively signals and of nearly constant ones: normal noise, or zeros with a few peaks. Of matrices the
    // rows take turns, else the samples.
    private static SampleSet OfDifferentExtent(Graph graph, int seed)
    {
        SampleSet set = FloatGraph.Samples(graph, 32, seed);
        int part = graph.TypeOf("x").Rank == 2 ? 32 : graph.TypeOf("x").Count;
        for (int i = 0; i < set.Samples.Count; i++)
        {
            float[] values = set.Samples[i][0].Values<float>();
            for (int k = 0; k < values.Length; k++)
                if (((i * values.Length) + k) / part % 2 == 1)
                    values[k] = k % 29 == 3 ? values[k] * 25 : 0;
        }
        return set;
    }

    // Of the sample, or the row, where noise is greatest in proportion.
    private static double Decibels(Graph graph, Graph rewritten, GraphQuantization q, SampleSet data)
    {
        var evaluator = new QuantizedGraphEvaluator(rewritten, q);
        return data.Samples.Min(s =>
        {
            (Tensor exact, Tensor rounded) = (new GraphEvaluator(graph).Evaluate(s)[0], evaluator.Evaluate(s)[0]);
            int length = exact.Rank == 2 ? exact.Dimensions[1] : exact.Count;
            return Enumerable.Range(0, exact.Count / length).Min(r =>
                ErrorPower.Between(Part(rounded, r, length), Part(exact, r, length)).Decibels);
        });
    }

    private static Tensor Part(Tensor tensor, int index, int length) =>
        Tensor.Of(tensor.Values<float>().AsSpan(index * length, length).ToArray(), length);

    // The rewritten graph computes what the original does.
    private static void AssertSame(Graph graph, Graph rewritten, SampleSet data)
    {
        Tensor[][] before = new GraphEvaluator(graph).EvaluateMany(data.Samples);
        Tensor[][] after = new GraphEvaluator(rewritten).EvaluateMany(data.Samples);
        Assert.True(before.Zip(after).All(p => ErrorPower.Between(p.Second[0], p.First[0]).Decibels > 100));
    }
}
