using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Options;
using static OptimizerBuild.Compression.Recovery.RecoveryNetwork;

namespace OptimizerBuild.Compression.Recovery;

/// <summary>Weights and blocks of which a number are zero, while it is learned which.</summary>
public sealed class SparseWeightsTests
{
    [Fact]
    public void TheGreatestWeightsAreKeptWhicheverTheyAre()
    {
        float[] dense = [1, -0.5f, 0.25f, -4, 2, 0.125f], pruned = [1, 0, 0, -4, 2, 0];
        var form = new SparseWeights(pruned, dense);
        var weights = new float[6];
        form.Apply(form.Master, [], weights);
        Assert.Equal(pruned, weights);
        Assert.Equal([1, -0.45f, 0.225f, -4, 2, 0.1125f], form.Master);

        // Fewer and fewer: of three zeros the share 1 − (1 − t)³ over the first half of the training.
        foreach ((double progress, int zeros) in new[] { (0.0, 0), (0.1, 2), (0.25, 3), (0.5, 3), (1, 3) })
        {
            form.MoveTo(progress);
            form.Apply(dense, [], weights);
            Assert.Equal(zeros, weights.Count(w => w == 0));
        }

        // Others take their places; of equal ones the first.
        form.Apply([0.5f, -3, 0.5f, -4, 0.5f, 0.1f], [], weights);
        Assert.Equal([0.5f, -3, 0, -4, 0, 0], weights);
        float[] gradient = [1, 1, 1, 1, 1, 1];
        form.Pull([0.5f, -3, 0.5f, -4, 0.5f, 0.1f], [], gradient, []);
        Assert.Equal([1, 1, 1, 1, 1, 1.00002f], gradient);
        var random = new Random(4);
        for (int round = 0; round < 20; round++)
        {
            float[] drawn = [.. Enumerable.Range(0, 300).Select(_ => MathF.Round((random.NextSingle() - 0.5f) * 40) / 7)];
            int kept = random.Next(300);
            float[] some = [.. drawn.Select((w, i) => i < kept ? 1f : 0f)], found = new float[300];
            new SparseWeights(some, drawn).Apply(drawn, [], found);
            float[] greatest = [.. drawn.Select(Math.Abs).OrderDescending().Take(kept).Where(w => w != 0)];
            Assert.Equal(greatest, found.Select(Math.Abs).Where(w => w != 0).OrderDescending());
        }
    }

    /// <summary>Blocks become zero together, as many as before, those of the least mean square.</summary>
    [Fact]
    public void TheGreatestBlocksAreKept()
    {
        float[] dense = [1, 1, 3, 0, 0.5f, 2], pruned = [1, 1, 3, 0, 0, 0];
        int[][] blocks = [[0, 1], [2, 3], [4, 5]];
        var form = new SparseWeights(pruned, dense, blocks);
        var weights = new float[6];
        form.Apply(form.Master, [], weights);
        Assert.Equal(pruned, weights);
        Assert.Equal(0.25f, form.Master[4] / form.Master[5]);
        Assert.True((form.Master[4] * form.Master[4]) + (form.Master[5] * form.Master[5]) < 2);

        form.MoveTo(0);
        form.Apply(dense, [], weights);
        Assert.Equal(dense, weights);
        form.MoveTo(1);
        form.Apply(dense, [], weights);
        Assert.Equal([0, 0, 3, 0, 0.5f, 2], weights);
        float[] gradient = [1, 1, 1, 1, 1, 1];
        form.Pull(dense, [], gradient, []);
        Assert.Equal([1.0002f, 1.0002f, 1, 1, 1, 1], gradient);
    }

    /// <summary>Blocks that are zero before recovery may be others behind it, but as many.</summary>
    [Fact]
    public void BlocksLearnWhichOfThemAreZero()
    {
        Graph graph = Network();
        ModelOptions options = Item with { Sparsity = 0.7, SparsityPattern = SparsityPattern.Block, Precision = ModelPrecision.Float32 };
        CompressionRun without = Run(graph, options with { Recovery = false }, out CompressionContext plain);
        CompressionRun with = Run(graph, options, out CompressionContext context);
        SampleSet judges = Samples(graph, 7, 200);
        Assert.True(1 - context.Measure(with.Model, judges).Accuracy < 0.95 * (1 - plain.Measure(without.Model, judges).Accuracy));
        foreach (Node node in without.Model.Graph.Nodes.Where(n => n.OpType == "Gemm"))
            Assert.Equal(Blocks(without.Model.Graph, node), Blocks(with.Model.Graph, node));

        static int Blocks(Graph graph, Node node)
        {
            Sparsification.PrunableLayer layer = Sparsification.PrunableLayer.Of(graph, node)!;
            float[] weights = graph.Constants[node.Inputs[1]].Values<float>();
            return layer.Blocks is not { } grid ? 0 : grid.Panels.Sum(p => grid.Quads.Count(q => Enumerable.Range(p.First, p.Count)
                .All(c => q.All(k => weights[layer.Layer.Index(c, k)] == 0))));
        }
    }
}
