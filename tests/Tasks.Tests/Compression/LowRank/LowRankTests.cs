using OptimizerBuild.Compression.Algebra;
using OptimizerBuild.Compression.Channels;
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

    /// <summary>Weights that are such a form themselves: it loses nothing, or next to nothing, and is three layers of which the middle one
    /// has the taps.</summary>
    [Theory]
    [InlineData("Tucker", true)]
    [InlineData("Tucker", false)]
    [InlineData("CP", true)]
    [InlineData("CP", false)]
    public void ChannelsInBetweenAreFoundInConvolutions(string form, bool weighted)
    {
        const int Channels = 32, Rank = 8;
        bool isTucker = form == "Tucker";
        float[] outputs = Noise(Channels * Rank, 1), inputs = Noise(Channels * Rank, 2), taps = Noise(Rank * Rank * 9, 3);
        var weights = new float[Channels * Channels * 9];
        for (int o = 0; o < Channels; o++)
            for (int i = 0; i < Channels; i++)
                for (int t = 0; t < 9; t++)
                    for (int p = 0; p < Rank; p++)
                        for (int q = 0; q < Rank; q++)
                            if (isTucker || p == q)
                                weights[(((o * Channels) + i) * 9) + t] +=
                                    outputs[(o * Rank) + p] * inputs[(i * Rank) + q] * taps[(((p * Rank) + q) * 9) + t];
        Graph graph = Convolution(weights, Channels);
        (Graph smaller, List<string> notes) = Reduce(graph, new(isTucker ? 0.125 : 0.065), weighted, form: Enum.Parse<RankForm>(form));
        Assert.Contains(notes, n => n.Contains(isTucker ? "rank 8 and 8 by Tucker-2" : "rank 8 by CP", StringComparison.Ordinal));
        Assert.Equal([1, 9, 1], smaller.Nodes.Select(n => Shapes.Count(smaller.Constant(n.Input(1))!.Dimensions.AsSpan()[2..])));
        Assert.Equal(isTucker ? 1 : Rank, smaller.Nodes[1].As<IConvolution>()!.Groups(smaller.Nodes[1]));
        if (isTucker)
        {
            AssertClose(graph, smaller, 1e-4f);
            return;
        }
        // Alternating steps come near, but not all the way in the number of them that a build takes.
        IReadOnlyList<IReadOnlyList<Tensor>> samples = FloatGraph.Samples(graph, 4, seed: 9).Samples;
        double power = samples.Sum(s => new GraphEvaluator(graph).Evaluate(s)[0].Values<float>().Sum(v => (double)v * v));
        Assert.InRange(Error(graph, smaller, samples) / power, 0, 1e-3);
    }

    /// <summary>Every form of a convolution says what it loses: on inputs without correlation, as much as on new samples of such.</summary>
    [Fact]
    public void TheLossThatIsToldIsThere()
    {
        const int Channels = 24;
        Graph graph = Convolution(Noise(Channels * Channels * 9, 7), Channels, isPlain: true);
        var layer = LayerMatrix.Of(graph, graph.Nodes[0])!;
        foreach (RankForm form in Enum.GetValues<RankForm>().Where(f => f != RankForm.Auto))
            foreach (double share in (double[])[0.3, 0.6])
            {
                LayerFactors factors = Assert.Single(
                    new LayerDivision(graph, layer, null, form, 1, CancellationToken.None).At(share));
                Assert.InRange(factors.Macs, 0.5 * share, share + 1e-9);
                var editor = new GraphEditor(graph);
                factors.Insert(editor);
                Graph smaller = ShapeInference.Infer(editor.ToGraph());
                Assert.Equal(factors.Macs, (double)ModelSize.Of(new(smaller)).Macs / ModelSize.Of(new(graph)).Macs, 1e-6);
                IReadOnlyList<Tensor>[] samples = [.. Enumerable.Range(0, 6).Select(s => (IReadOnlyList<Tensor>)
                    [Tensor.Of(Noise(26 * 26 * Channels, 50 + s), 1, 26, 26, Channels)])];
                double power = samples.Sum(s => new GraphEvaluator(graph).Evaluate(s)[0].Values<float>().Sum(x => (double)x * x));
                double lost = Error(graph, smaller, samples) / power;
                Assert.True(Math.Abs(lost - factors.Loss) < 0.04 * factors.Loss, $"{form} at {share}: {factors.Loss} told, {lost} lost");
            }
    }

    /// <summary>Layers share what a model may spend on alternating steps: where too few are left for each, there is no such form.</summary>
    [Fact]
    public void LayersShareTheWorkOfAlternatingSteps()
    {
        Graph graph = Convolution(Noise(24 * 24 * 9, 7), 24, isPlain: true);
        var layer = LayerMatrix.Of(graph, graph.Nodes[0])!;
        Assert.Single(new LayerDivision(graph, layer, null, RankForm.CP, 100, CancellationToken.None).At(0.5));
        Assert.Empty(new LayerDivision(graph, layer, null, RankForm.CP, 100_000, CancellationToken.None).At(0.5));
        Assert.Single(new LayerDivision(graph, layer, null, RankForm.Tucker, 100_000, CancellationToken.None).At(0.5));
    }

    /// <summary>Signals above the noise are counted, noise is not.</summary>
    [Fact]
    public void RanksUnderNoiseAreFound()
    {
        foreach ((int rows, int columns) in ((int, int)[])[(40, 40), (30, 90)])
            foreach (int rank in (int[])[0, 1, 5, 12])
                foreach (double noise in (double[])[0, 0.3])
                {
                    if (rank == 0 && noise == 0)
                        continue;
                    float[] a = Noise(rows * rank, 1), b = Noise(rank * columns, 2), rest = Noise(rows * columns, 3);
                    var matrix = new double[rows * columns];
                    for (int i = 0; i < rows; i++)
                        for (int j = 0; j < columns; j++)
                        {
                            matrix[(i * columns) + j] = noise * rest[(i * columns) + j];
                            for (int r = 0; r < rank; r++)
                                matrix[(i * columns) + j] += 4 * a[(i * rank) + r] * b[(r * columns) + j];
                        }
                    double[] squares = SymmetricEigen.Of(
                        SmallMatrix.ProductOfRows(matrix, matrix, rows, rows, columns), rows, CancellationToken.None).Values;
                    Assert.Equal(rank, VariationalRank.Of(squares, columns));
                }
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

    private static Graph Convolution(float[] weights, int channels, bool isPlain = false)
    {
        var g = new FloatGraph();
        string x = g.Input("x", 1, 26, 26, channels), w = g.Constant("w", Tensor.Of(weights, channels, channels, 3, 3));
        return g.Build(isPlain ? g.Add("y", "Conv", [x, w], n => n.With("channels_last", 1))
            : g.Add("y", "Conv", [x, w, g.Noise("b", 0.1, channels)],
                n => FloatGraph.Relu(n.With("channels_last", 1).With("pads", 1, 1, 1, 1))));
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

    private static (Graph Graph, List<string> Notes) Reduce(Graph graph, RankAmount rank, bool weighted, Data.SampleSet? samples = null,
        RankForm form = RankForm.Auto)
    {
        var context = new TestContext(graph, samples ?? FloatGraph.Samples(graph, 48));
        (Graph smaller, List<string> notes) = new RankReduction(context.Context(), form).Apply(graph, rank, weighted);
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
