using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Synthetic;
using OptimizerBuild.Data;
using OptimizerBuild.Diagnostics;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>What a quantisation may cost: node evaluations, memory, samples.</summary>
public class QuantizationCostTests
{
    private const int Samples = 24;

    static QuantizationCostTests() => OperatorRegistry.Include(typeof(CountedOperator).Assembly);

    /// <summary>All that is evaluated of a model with outliers, single nodes and the whole graph, stays within the budget.</summary>
    [Fact]
    public void SamplesAreEvaluatedTwentyTimesAtMost()
    {
        Graph graph = WithExponentials();
        (long Spent, long Total, long Evaluations) cost = Cost(graph, 0);

        Assert.InRange(cost.Spent, cost.Total / WorkBudget.EvaluationsOfASample, cost.Total);
        Assert.InRange(cost.Evaluations, 3 * Samples, WorkBudget.EvaluationsOfASample * Samples);
        Assert.Equal(cost, Cost(graph, 0));
    }

    private static (long Spent, long Total, long Evaluations) Cost(Graph graph, long least)
    {
        var heard = new RecordedProgress();
        var quantizer = new Quantizer(QuantizationOptions.Default with { LeastWork = least }, heard);
        CountedOperator.Evaluations = 0;
        CompressionResult result = quantizer.Apply(new(graph), WithOutliers(graph), default);
        QuantizationInvariants.Check(result.Model.Graph, result.Model.Annotation<GraphQuantization>()!);
        Assert.True(heard.Fractions.Count > 2 * Samples);
        Assert.All(heard.Fractions, f => Assert.InRange(f, 0, 1));
        return (quantizer.Budget.Spent, quantizer.Budget.Total, CountedOperator.Evaluations);
    }

    /// <summary>Each sample is drawn when it is asked for, the same each time.</summary>
    [Fact]
    public void MadeUpSamplesAreNotKept()
    {
        var g = new FloatGraph();
        // 64 of them would take 2.6 GB.
        Graph graph = g.Build(g.Add("y", "Relu", [g.Input("x", 1, 3, 1840, 1840)]));
        long before = GC.GetAllocatedBytesForCurrentThread();
        SampleSet set = SyntheticCalibration.Create(graph);
        Assert.Equal(SyntheticCalibration.DefaultCount, set.Samples.Count);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1_000_000);
        Assert.Equal(set.Samples[3][0].Values<float>().AsSpan(0, 1000), set.Samples[3][0].Values<float>().AsSpan(0, 1000));
    }

    [Fact]
    public void OneSampleMustFitIntoMemory()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 1, 22000, 22000);
        Graph graph = g.Build(g.Add("sum", "Add", [g.Add("a", "Conv", [x, g.Noise("w", 1, 1, 1, 1, 1)]), g.Add("b", "Neg", [x])]));
        // No sample is asked for, so any will do.
        ModelException error = Assert.Throws<ModelException>(() =>
            new Quantizer(QuantizationOptions.Default).Apply(new(graph), new(new CountedSamples(() => { }), Synthetic: true), default));
        Assert.Equal("OPT0025", error.Diagnostic.Descriptor.Code);
        Assert.Contains("one evaluation", error.Diagnostic.Text, StringComparison.Ordinal);
        error = Assert.Throws<ModelException>(() => SyntheticCalibration.Create(graph));
        Assert.Equal("OPT0025", error.Diagnostic.Descriptor.Code);
    }

    [Fact]
    public void FewBytesOfSamplesAreKept()
    {
        int made = 0;
        var all = new CountedSamples(() => made++);
        var chosen = new SelectedSamples(all, [4, 1]);
        Assert.Equal([4L], chosen[0][0].ToInt64());
        Assert.Equal([1L], chosen[1][0].ToInt64());
        Assert.Same(chosen[0], chosen[0]);
        Assert.Equal(2, made);
        Assert.Equal([0L, 3L, 6L], SelectedSamples.Spread(all, 3).Select(s => s[0].ToInt64()[0]));
    }

    // Activations with rare, far outliers, which no range suits, between dot products.
    private static Graph WithExponentials()
    {
        var g = new FloatGraph();
        string x = g.Conv("stem", g.Input("x", 1, 12, 12, 3), 3, 8, 3, relu: true);
        x = g.Add("counted", "Counted", [x], n => n with { Domain = CountedOperator.Domain });
        for (int i = 0; i < 4; i++)
        {
            string e = g.Add("exp" + i, "Exp", [g.Conv("conv" + i, x, 8, 8, 3)]);
            string scaled = g.Add("mul" + i, "Mul", [e, x]);
            x = g.Conv("next" + i, g.Add("norm" + i, "Div", [scaled, g.Constant("d" + i, Tensor.Of([40f], 1))]), 8, 8, 1);
        }
        x = g.Add("mean", "GlobalAveragePool", [x], n => n.With("channels_last", 1));
        x = g.Add("flat", "Flatten", [x], n => n.With("axis", 1));
        return g.Build(g.Dense("scores", x, 8, 5));
    }

    private static SampleSet WithOutliers(Graph graph)
    {
        SampleSet set = FloatGraph.Samples(graph, Samples);
        foreach ((int i, IReadOnlyList<Tensor> sample) in set.Samples.Index())
            for (int k = 0; k < 4; k++)
                sample[0].Values<float>()[(37 * i * (k + 1)) % 432] = 2.5f * (k + 1);
        return set;
    }

    private sealed class RecordedProgress : IBuildProgress
    {
        public List<double> Fractions { get; } = [];

        public void Report(string step, double fraction, string text)
        {
            lock (Fractions)
                Fractions.Add(fraction);
        }
    }

    private sealed class CountedSamples(Action made) : IReadOnlyList<IReadOnlyList<Tensor>>
    {
        public int Count => 9;

        public IReadOnlyList<Tensor> this[int index]
        {
            get
            {
                made();
                return [Tensor.Scalar((long)index)];
            }
        }

        public IEnumerator<IReadOnlyList<Tensor>> GetEnumerator() => throw new NotSupportedException();

        System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => throw new NotSupportedException();
    }
}

/// <summary>Hands its input on and counts how often: once for each evaluation of a graph.</summary>
[Operator("Counted", Domain = CountedOperator.Domain)]
internal sealed class CountedOperator : Operator
{
    /// <summary>The domain of operators that only tests have.</summary>
    public const string Domain = "test.cost";

    private static long _evaluations;

    /// <summary>How often it was evaluated.</summary>
    public static long Evaluations
    {
        get => Interlocked.Read(ref _evaluations);
        set => Interlocked.Exchange(ref _evaluations, value);
    }

    /// <inheritdoc/>
    public override ImmutableArray<TensorType> Infer(OperatorContext context) => [context.Type(0)];

    /// <inheritdoc/>
    public override Tensor[] Evaluate(OperatorContext context, IReadOnlyList<Tensor?> inputs)
    {
        Interlocked.Increment(ref _evaluations);
        return [inputs[0]!];
    }
}
