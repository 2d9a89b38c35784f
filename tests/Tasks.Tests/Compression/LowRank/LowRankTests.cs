using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;
using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Options;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.LowRank;

/// <summary>Layers of small rank are found as such, and the loss that is told is the one that there is.</summary>
public sealed class LowRankTests
{
    [Fact]
    public void EigenvectorsAreOrthogonalAndRebuildTheMatrix()
    {
        var random = new Random(5);
        foreach (int n in (int[])[1, 2, 7, 40])
        {
            var matrix = new double[n * n];
            for (int i = 0; i < n; i++)
                for (int j = 0; j <= i; j++)
                    matrix[(i * n) + j] = matrix[(j * n) + i] = random.NextDouble() - 0.5;
            SymmetricEigen eigen = SymmetricEigen.Of(matrix, n, CancellationToken.None);
            for (int i = 0; i < n; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    Assert.Equal(i == j ? 1 : 0, eigen.Vectors[i].Zip(eigen.Vectors[j], (x, y) => x * y).Sum(), 1e-10);
                    Assert.Equal(matrix[(i * n) + j],
                        Enumerable.Range(0, n).Sum(k => eigen.Values[k] * eigen.Vectors[k][i] * eigen.Vectors[k][j]), 1e-10);
                }
                Assert.True(i == 0 || eigen.Values[i] <= eigen.Values[i - 1]);
            }
        }
    }

    /// <summary>Products of two random matrices: the rank that they have loses nothing, in every form of layer.</summary>
    [Theory]
    [InlineData("Gemm", true)]
    [InlineData("Gemm", false)]
    [InlineData("MatMul", true)]
    [InlineData("Conv", true)]
    [InlineData("Conv", false)]
    public void LayersOfThatRankLoseNothing(string kind, bool weighted)
    {
        Graph graph = OfRank(kind, 8, exact: true);
        (Graph smaller, List<string> notes) = Reduce(graph, new(0.5), weighted);
        Assert.Contains(notes, n => n.Contains("rank ", StringComparison.Ordinal));
        Assert.True(ModelSize.Of(new(smaller)).Macs <= 0.51 * ModelSize.Of(new(graph)).Macs);
        AssertClose(graph, smaller, 2e-3f);
    }

    [Fact]
    public void ColumnsAndRowsOfTapsAreFoundInConvolutions()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 12, 12, 16);
        // Each output is a sum over eight columns times rows.
        float[] column = Noise(8 * 16 * 3, 1), row = Noise(16 * 8 * 3, 2), weights = new float[16 * 16 * 9];
        for (int o = 0; o < 16; o++)
            for (int i = 0; i < 16; i++)
                for (int y = 0; y < 3; y++)
                    for (int z = 0; z < 3; z++)
                        for (int r = 0; r < 8; r++)
                            weights[(((((o * 16) + i) * 3) + y) * 3) + z] +=
                                column[(((r * 16) + i) * 3) + y] * row[(((o * 8) + r) * 3) + z];
        Graph graph = g.Build(g.Add("y", "Conv", [x, g.Constant("w", Tensor.Of(weights, 16, 16, 3, 3)), g.Noise("b", 0.1, 16)],
            n => FloatGraph.Relu(n.With("channels_last", 1).With("pads", 1, 1, 1, 1).With("strides", 2, 1))));
        (Graph smaller, List<string> notes) = Reduce(graph, new(0.4), weighted: true);
        Assert.Contains(notes, n => n.Contains("rank 8 by columns and rows of taps", StringComparison.Ordinal));
        Assert.Equal(2, smaller.Nodes.Length);
        AssertClose(graph, smaller, 1e-4f);
    }

    /// <summary>Inputs that never vary cost no rank: with samples the layer loses less than without.</summary>
    [Fact]
    public void SamplesWeightWhatIsKept()
    {
        Graph graph = OfRank("Gemm", 64, exact: false);
        var random = new Random(3);
        IReadOnlyList<Tensor>[] samples = [.. Enumerable.Range(0, 8).Select(_ => (IReadOnlyList<Tensor>)[Tensor.Of(
            [.. Enumerable.Range(0, 256 * 64).Select(k => (float)(random.NextDouble() - 0.5) * (k % 4 == 0 ? 4 : 0.02f))], 256, 64)])];
        var set = new Data.SampleSet(samples, Synthetic: false);
        double with = Error(graph, Reduce(graph, new(0.5), true, set).Graph, samples);
        double without = Error(graph, Reduce(graph, new(0.5), false, set).Graph, samples);
        Assert.True(with < 0.3 * without, $"{with} is not far below {without}");
    }

    [Fact]
    public void AutomaticRanksStopWhereResultsSuffer()
    {
        (Graph smaller, List<string> notes) = Reduce(OfRank("Gemm", 8, exact: true), new(null), true);
        Assert.Contains(notes, n => n.Contains("rank 8", StringComparison.Ordinal));
        Assert.Equal(3, smaller.Nodes.Length);
        Graph full = OfRank("Gemm", 64, exact: false);
        (Graph same, notes) = Reduce(full, new(null), true);
        Assert.Equal(full.Nodes.Length, same.Nodes.Length);
        Assert.StartsWith("0 of 1 layers divided", notes[0], StringComparison.Ordinal);
    }

    private static Graph OfRank(string kind, int rank, bool exact)
    {
        const int Outputs = 64, Inputs = 64;
        float[] a = Noise(Outputs * rank, 1), b = Noise(rank * Inputs, 2);
        var weights = new float[Outputs * Inputs];
        for (int o = 0; o < Outputs; o++)
            for (int k = 0; k < Inputs; k++)
                for (int r = 0; r < rank; r++)
                    weights[(o * Inputs) + k] += a[(o * rank) + r] * b[(r * Inputs) + k] / rank;
        if (!exact)
            weights = Noise(weights.Length, 4);
        var g = new FloatGraph();
        string y = kind switch
        {
            "Conv" => g.Add("y", "Conv", [g.Input("x", 1, 16, 16, Inputs), g.Constant("w", Tensor.Of(weights, Outputs, Inputs, 1, 1)),
                g.Noise("b", 0.1, Outputs)], n => FloatGraph.Relu(n.With("channels_last", 1))),
            "Gemm" => g.Add("y", "Gemm", [g.Input("x", 256, Inputs), g.Constant("w", Tensor.Of(weights, Outputs, Inputs)),
                g.Noise("b", 0.1, Outputs)], n => FloatGraph.Relu(n.With("transB", 1))),
            _ => g.Add("y", "MatMul", [g.Input("x", 4, 64, Inputs), g.Constant("w", TensorMove.Transpose(
                Tensor.Of(weights, Outputs, Inputs), [1, 0]))]),
        };
        return g.Build(kind == "Gemm" ? g.Add("z", "Sigmoid", [y]) : y);
    }

    private static (Graph Graph, List<string> Notes) Reduce(Graph graph, RankAmount rank, bool weighted, Data.SampleSet? samples = null)
    {
        var context = new TestContext(graph, samples ?? FloatGraph.Samples(graph, 48));
        (Graph smaller, List<string> notes) = new RankReduction(context.Context()).Apply(graph, rank, weighted);
        return (smaller, notes);
    }

    private static void AssertClose(Graph expected, Graph actual, float tolerance)
    {
        foreach (IReadOnlyList<Tensor> sample in FloatGraph.Samples(expected, 4, seed: 9).Samples)
            RandomTensors.AssertClose(
                new GraphEvaluator(expected).Evaluate(sample)[0], new GraphEvaluator(actual).Evaluate(sample)[0], tolerance, "y");
    }

    private static double Error(Graph whole, Graph smaller, IReadOnlyList<IReadOnlyList<Tensor>> samples)
    {
        var (expected, actual) = (new GraphEvaluator(whole), new GraphEvaluator(smaller));
        return samples.Sum(s => expected.Evaluate(s)[0].Values<float>().Zip(actual.Evaluate(s)[0].Values<float>(), (x, y) =>
            Math.Pow((double)x - y, 2)).Sum());
    }

    private static float[] Noise(int count, int seed)
    {
        var random = new Random(seed);
        return [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() - 0.5))];
    }
}
