using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using static OptimizerBuild.Compression.Recovery.RecoveryNetwork;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>Small networks that win back what compression lost, and keep what it decided.</summary>
public sealed class RecoveryTests
{
    private static readonly ModelOptions[] Techniques =
    [
        Item with { Sparsity = 0.7, Precision = ModelPrecision.Float32 },
        Item with { SparsityPattern = SparsityPattern.TwoOfFour, Precision = ModelPrecision.Float32 },
        Item with { Precision = ModelPrecision.Int4 },
        Item with { Clusters = 5 },
        Item with { Clusters = 5, Precision = ModelPrecision.Float32 },
        Item with { Sparsity = 0.6, Clusters = 6 },
        Item with { Sparsity = 0.4, SparsityPattern = SparsityPattern.Channel },
        Item with { Rank = new RankAmount(0.4) },
    ];

    public static IEnumerable<object[]> Indices => Enumerable.Range(0, Techniques.Length).Select(i => (object[])[i]);

    [Theory]
    [MemberData(nameof(Indices))]
    public void WinsBackWhatATechniqueLost(int technique)
    {
        ModelOptions options = Techniques[technique];
        Graph graph = Network();
        SampleSet judges = Samples(graph, 7, 200);
        CompressionRun without = Run(graph, options with { Recovery = false }, out CompressionContext plain);
        CompressionRun with = Run(graph, options, out CompressionContext context);
        double lost = 1 - plain.Measure(without.Model, judges).Accuracy, left = 1 - context.Measure(with.Model, judges).Accuracy;
        Assert.True(left < 0.95 * lost, $"of 1 − cosine {lost:g3} there is {left:g3} left");
        Assert.Contains(with.Accounts, a => a.Technique.StartsWith("Recovery", StringComparison.Ordinal)
            && a.Notes[0].Contains("without labels", StringComparison.Ordinal));

        // What was decided holds: structure, zeros, bits and the number of values.
        Assert.Equal(without.Model.Graph.Nodes.Select(n => n.ToString()), with.Model.Graph.Nodes.Select(n => n.ToString()));
        if (options.Sparsity is not null || options.SparsityPattern == SparsityPattern.TwoOfFour)
            foreach (Node node in without.Model.Graph.Nodes.Where(n => n.OpType == "Gemm"))
            {
                float[] pruned = without.Model.Graph.Constants[node.Inputs[1]].Values<float>();
                float[] trained = with.Model.Graph.Constants[node.Inputs[1]].Values<float>();
                // Of single weights the number stays, of patterns the places.
                Assert.True(trained.Count(w => w == 0) >= pruned.Count(w => w == 0));
                if (options.SparsityPattern == SparsityPattern.TwoOfFour)
                    Assert.All(pruned.Zip(trained), w => Assert.True(w.First != 0 || w.Second == 0));
            }
        GraphQuantization? before = without.Model.Annotation<GraphQuantization>(), after = with.Model.Annotation<GraphQuantization>();
        foreach ((string node, WeightQuantization weights) in after!.Weights)
        {
            Assert.True(weights.Values.Distinct().Count() <= (options.Clusters ?? 255));
            if (options.Precision == ModelPrecision.Int4)
                Assert.All(weights.Values, v => Assert.InRange(v, -7, 7));
            Assert.True(before!.Weights.ContainsKey(node));
        }
    }

    [Fact]
    public void IsTheSameInEveryBuild()
    {
        Graph graph = Network();
        CompressionRun one = Run(graph, Item with { Sparsity = 0.7, Clusters = 8 }, out _);
        CompressionRun other = Run(graph, Item with { Sparsity = 0.7, Clusters = 8 }, out _);
        Assert.True(one.Model.Graph.SameAs(other.Model.Graph));
        foreach ((string node, WeightQuantization weights) in one.Model.Annotation<GraphQuantization>()!.Weights)
            Assert.Equal(weights.Values, other.Model.Annotation<GraphQuantization>()!.Weights[node].Values);
    }

    [Fact]
    public void NothingIsTrainedWhereNothingWasLost()
    {
        CompressionRun run = Run(Network(), Item with { Precision = ModelPrecision.Float32 }, out _);
        Assert.DoesNotContain(run.Accounts, a => a.Technique == "Recovery");
    }
}
