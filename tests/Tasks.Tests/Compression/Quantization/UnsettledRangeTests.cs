using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Outliers;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Models without calibration data: what depends on inputs that nobody knows gets no range at build time.</summary>
public class UnsettledRangeTests
{
    /// <summary>What callers may pass: mean and deviation.</summary>
    public static TheoryData<double, double> Inputs => new() { { 0, 1 }, { 0.5, 0.2 }, { 128, 64 }, { -30, 12 }, { 0, 0.01 }, { 0, 5000 } };

    [Theory]
    [MemberData(nameof(Inputs))]
    public void ANetworkServesWhateverItsInputsAre(double mean, double deviation)
    {
        Graph graph = Network();
        (Graph quantised, GraphQuantization q, _) = Quantise(graph, SyntheticCalibration.Create(graph));
        Assert.True(q.IntegerMacShare(quantised) > 0.9, $"{q.IntegerMacShare(quantised)}");
        SampleSet real = FloatGraph.Samples(graph, 24);
        foreach (IReadOnlyList<Tensor> sample in real.Samples)
            foreach (ref float v in sample[0].Values<float>().AsSpan())
                v = (float)((v * deviation) + mean);
        double decibels = Decibels(graph, quantised, q, real);
        Assert.True(decibels > 25, $"{decibels} dB");
    }

    [Fact]
    public void ForcedIntegersMeasureTheirRangesToo()
    {
        Graph graph = Network();
        (Graph quantised, GraphQuantization q, _) = Quantise(
            graph, SyntheticCalibration.Create(graph), QuantizationOptions.Default with { Precision = ModelPrecision.Int8 });
        double decibels = Decibels(graph, quantised, q, FloatGraph.Samples(graph, 24, scale: 0.05f));
        Assert.True(decibels > 25, $"{decibels} dB");
    }

    [Fact]
    public void TheWarningSaysWhatWasDoneAndWhatDataWouldBring()
    {
        Graph graph = Network();
        (Graph quantised, GraphQuantization q, IReadOnlyList<Diagnostic> diagnostics) = Quantise(graph, SyntheticCalibration.Create(graph));
        Diagnostic warning = Assert.Single(diagnostics, d => d.Descriptor.Severity == Severity.Warning);
        Assert.Equal("OPT0044", warning.Descriptor.Code);
        int measured = quantised.Nodes.Count(n =>
            n.HasInput(0) && DynamicRange.IsDivided(GraphIndex.Of(quantised).Producer(n.Inputs[0])));
        Assert.True(measured >= 2);
        Assert.Contains($"the range of 'x': {measured} dot products measure the range of what they read in every prediction", warning.Text,
            StringComparison.Ordinal);
        Assert.Contains($"{q.Nodes.Values.Count(n => n.Reason == OriginOfRanges.UnknownRange)} nodes run in float32", warning.Text,
            StringComparison.Ordinal);
        Assert.Contains("with a few hundred typical inputs as CalibrationData they can run in integers", warning.Text,
            StringComparison.Ordinal);
    }

    /// <summary>What an activation bounds on both sides keeps its range; only the first layer measures its input.</summary>
    [Fact]
    public void ValuesThatDoNotDependOnTheInputsSizeKeepTheirRange()
    {
        var g = new FloatGraph();
        string x = g.Dense("a", g.Input("x", 4, 64), 64, 64);
        x = g.Add("bounded", "Clip", [x, g.Constant("low", Tensor.Scalar(-0.5f)), g.Constant("high", Tensor.Scalar(0.5f))]);
        x = g.Dense("b", x, 64, 64, relu: true);
        Graph graph = g.Build(g.Dense("c", x, 64, 64));
        (Graph quantised, GraphQuantization q, _) = Quantise(graph, SyntheticCalibration.Create(graph));
        Assert.Equal(["a/node"], quantised.Nodes
            .Where(n => n.HasInput(0) && DynamicRange.IsDivided(GraphIndex.Of(quantised).Producer(n.Inputs[0]))).Select(n => n.Name));
        Assert.True(q.Nodes["b/node"].Integer && q.Nodes["c/node"].Integer);
        Assert.Equal(1, q.IntegerMacShare(quantised));
    }

    [Fact]
    public void DeclaredBytesAreQuantisedAtBuildTime()
    {
        Graph graph = Network();
        SampleSet made = SyntheticCalibration.Create(graph, ranges: new Dictionary<string, (double, double)> { ["x"] = (0, 1) });
        (Graph quantised, GraphQuantization q, IReadOnlyList<Diagnostic> diagnostics) = Quantise(graph, made);
        Assert.Same(graph, quantised);
        Assert.All(q.Nodes.Values, n => Assert.True(n.Integer, n.Reason));
        Assert.Equal("OPT0018", Assert.Single(diagnostics).Descriptor.Code);
    }

    /// <summary>A first layer whose input is known hands over its sums where its activation has no settled range.</summary>
    [Fact]
    public void ActivationsOfUnknownRangeAreTakenOffTheirProducts()
    {
        Graph graph = Network();
        SampleSet twoKinds = SyntheticCalibration.Create(graph) with { MadeUp = new(4, []) };
        UnsettledRanges unsettled = UnsettledRanges.Of(graph, twoKinds, new WorkBudget(1L << 40), default);
        Assert.True(unsettled.Contains("a"));
        Assert.False(UnsettledRanges.None.Contains("a"));
        Assert.True(UnsettledRanges.None.IsEmpty);
        (Graph quantised, GraphQuantization q, _) = Quantise(graph, twoKinds);
        Assert.DoesNotContain(quantised.Nodes, n => q.Nodes[n.Name].Integer && n.HasActivation());
    }

    /// <summary>Nothing is calibrated in a model without products, so that nothing is warned of.</summary>
    [Fact]
    public void ModelsWithoutProductsAreNotWarnedOf()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Add("y", "Tanh", [g.Input("x", 1, 8)]));
        Assert.DoesNotContain(Quantise(graph, SyntheticCalibration.Create(graph)).Diagnostics,
            d => d.Descriptor.Severity == Severity.Warning);
    }

    private static Graph Network()
    {
        var g = new FloatGraph();
        string x = g.Conv("a", g.Input("x", 1, 12, 12, 3), 3, 24, 3, relu: true);
        x = g.Add("sum", "Add", [g.Conv("b", x, 24, 24, 3, relu: true), x]);
        x = g.Conv("c", x, 24, 32, 3, relu: true, stride: 2);
        x = g.Add("mean", "GlobalAveragePool", [x], n => n.With("channels_last", 1));
        x = g.Add("flat", "Flatten", [x], n => n.With("axis", 1));
        return g.Build(g.Dense("scores", x, 32, 40));
    }

    private static (Graph Graph, GraphQuantization Quantization, IReadOnlyList<Diagnostic> Diagnostics) Quantise(
        Graph graph, SampleSet data, QuantizationOptions? options = null)
    {
        CompressionResult result = new Quantizer(options ?? QuantizationOptions.Default).Apply(new(graph), data, default);
        GraphQuantization quantization = result.Model.Annotation<GraphQuantization>()!;
        QuantizationInvariants.Check(result.Model.Graph, quantization);
        return (result.Model.Graph, quantization, result.Diagnostics);
    }

    private static double Decibels(Graph graph, Graph quantised, GraphQuantization quantization, SampleSet data)
    {
        Tensor[][] exact = new GraphEvaluator(graph).EvaluateMany(data.Samples);
        Tensor[][] rounded = new QuantizedGraphEvaluator(quantised, quantization).EvaluateMany(data.Samples);
        return exact.Zip(rounded).Aggregate(default(ErrorPower), (sum, pair) => sum + ErrorPower.Between(pair.Second[0], pair.First[0]))
            .Decibels;
    }
}
