using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Outputs that 8 bits would change by more than a tenth: what is kept in float32, and what is said.</summary>
public class NoisyOutputTests
{
    private static readonly QuantizationOptions Unlimited = QuantizationOptions.Default with { LeastOutputSignalToNoise = null };

    [Fact]
    public void ARegressorKeepsItsCostlyLayersInFloat()
    {
        Graph graph = Control();
        SampleSet data = FloatGraph.Samples(graph, 32);
        GraphQuantization before = Quantise(graph, Unlimited, data).Quantization;
        Assert.InRange(before.OutputSignalToNoise!.Value, 0, 19);

        (GraphQuantization q, IReadOnlyList<Diagnostic> diagnostics) = Quantise(graph, QuantizationOptions.Default, data);
        Assert.InRange(q.OutputSignalToNoise!.Value, 20, 100);
        Assert.Contains(q.Nodes.Values, n => !n.Integer
            && n.Reason.StartsWith("outputs' signal to noise", StringComparison.Ordinal)
            && n.Reason.EndsWith("below 20.0 dB", StringComparison.Ordinal));
        Assert.DoesNotContain(diagnostics, d => d.Descriptor.Severity == Severity.Warning);

        // Those that cost little stay in integers; on samples that nothing was chosen by the outputs are as quiet.
        Assert.True(q.Nodes["quiet/node"].Integer);
        Assert.True(Decibels(graph, q, FloatGraph.Samples(graph, 32, seed: 2)) > 19);
    }

    [Fact]
    public void ForcedIntegersAreWarnedOfWithTheLayersThatCostMost()
    {
        Graph graph = Control();
        (GraphQuantization q, IReadOnlyList<Diagnostic> diagnostics) = Quantise(
            graph, QuantizationOptions.Default with { Precision = ModelPrecision.Int8 }, FloatGraph.Samples(graph, 32));
        Assert.All(q.Nodes.Values, n => Assert.True(n.Integer, n.Reason));
        Diagnostic warning = Assert.Single(diagnostics, d => d.Descriptor.Severity == Severity.Warning);
        Assert.Equal("OPT0046", warning.Descriptor.Code);
        Assert.Contains(FormattableString.Invariant($"is {q.OutputSignalToNoise:F1} dB on the calibration data, below 20 dB"), warning.Text,
            StringComparison.Ordinal);
        Assert.Matches("the layers that cost most are Gemm '(left|right)/node' \\(-?[0-9.]+ dB with it in float32\\)", warning.Text);
        Assert.Contains("write Precision=\"Auto\", which keeps such layers in float32", warning.Text, StringComparison.Ordinal);
    }

    [Fact]
    public void WhereAnAccuracyIsMeasuredNothingIsKeptOrSaid()
    {
        Graph graph = Control();
        (GraphQuantization q, IReadOnlyList<Diagnostic> diagnostics) = Quantise(graph, Unlimited, FloatGraph.Samples(graph, 32));
        Assert.True(q.Nodes["left/node"].Integer);
        Assert.True(q.Nodes["right/node"].Integer);
        Assert.DoesNotContain(diagnostics, d => d.Descriptor.Severity == Severity.Warning);
    }

    [Fact]
    public void WhereTheBudgetIsSpentAllNoisyLayersAreKeptInFloat()
    {
        Graph graph = Control();
        (GraphQuantization q, IReadOnlyList<Diagnostic> diagnostics) = Quantise(
            graph, QuantizationOptions.Default with { EvaluationsOfASample = 1, LeastWork = 1 }, FloatGraph.Samples(graph, 32));
        Assert.Null(q.OutputSignalToNoise);
        Assert.All(q.Nodes.Values, n => Assert.False(n.Integer));
        Assert.Empty(diagnostics);
    }

    /// <summary>Of many layers those that cost most leave, found in few trials.</summary>
    [Fact]
    public void OfManyLayersFewLeave()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 16);
        for (int i = 0; i < 4; i++)
            x = g.Dense("d" + i, x, i == 0 ? 16 : 32, 32, relu: true);
        Graph graph = Difference(g, x);
        const double Least = 20;
        var quantizer = new Quantizer(QuantizationOptions.Default with { LeastOutputSignalToNoise = Least });
        GraphQuantization q = quantizer.Apply(new(graph), FloatGraph.Samples(graph, 32), default).Model.Annotation<GraphQuantization>()!;
        Assert.InRange(q.OutputSignalToNoise!.Value, Least, 100);
        Assert.InRange(graph.Nodes.Count(n => n.OpType == "Gemm" && q.Nodes[n.Name].Integer), 1, 5);
    }

    [Fact]
    public void QuietOutputsAreLeftAsTheyAre()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("b", g.Dense("a", g.Input("x", 1, 16), 16, 32, relu: true), 32, 4));
        (GraphQuantization q, IReadOnlyList<Diagnostic> diagnostics) = Quantise(
            graph, QuantizationOptions.Default, FloatGraph.Samples(graph, 32));
        Assert.True(q.OutputSignalToNoise > 25);
        Assert.All(q.Nodes.Values, n => Assert.True(n.Integer, n.Reason));
        Assert.Empty(diagnostics);
    }

    // A control law that acts on the small difference of two similar estimates, which rounded weights hide.
    private static Graph Control()
    {
        var g = new FloatGraph();
        return Difference(g, g.Dense("quiet", g.Input("x", 1, 16), 16, 32, relu: true));
    }

    private static Graph Difference(FloatGraph g, string x)
    {
        string left = g.Dense("left", x, 32, 24);
        Graph soFar = g.Build(left);
        var random = new Random(4);
        Tensor Near(string name) => new(soFar.TypeOf(name), Array.ConvertAll(
            soFar.Constant(name)!.Values<float>(), w => w + (0.006f * (float)(random.NextDouble() - 0.5))));
        string right = g.Add(
            "right", "Gemm", [x, g.Constant("right.w", Near("left.w")), g.Constant("right.b", Near("left.b"))], n => n.With("transB", 1));
        return g.Build(g.Add("y", "Sub", [left, right]));
    }

    private static (GraphQuantization Quantization, IReadOnlyList<Diagnostic> Diagnostics) Quantise(
        Graph graph, QuantizationOptions options, SampleSet data)
    {
        CompressionResult result = new Quantizer(options).Apply(new(graph), data, default);
        GraphQuantization quantization = result.Model.Annotation<GraphQuantization>()!;
        QuantizationInvariants.Check(result.Model.Graph, quantization);
        return (quantization, [.. result.Diagnostics.Where(d => d.Descriptor.Code != "OPT0027")]);
    }

    private static double Decibels(Graph graph, GraphQuantization quantization, SampleSet data)
    {
        Tensor[][] exact = new GraphEvaluator(graph).EvaluateMany(data.Samples);
        Tensor[][] rounded = new QuantizedGraphEvaluator(graph, quantization).EvaluateMany(data.Samples);
        return exact.Zip(rounded).Aggregate(default(Calibration.ErrorPower), (sum, pair) =>
            sum + Calibration.ErrorPower.Between(pair.Second[0], pair.First[0])).Decibels;
    }
}
