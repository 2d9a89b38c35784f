using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Compression.Sparsification;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.SecondOrder;

/// <summary>The matrices of second-order methods, and what is made of them, beside what they are defined to be.</summary>
public sealed class SecondOrderTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(17)]
    [InlineData(64)]
    public void TheFactorIsThatOfTheInverse(int size)
    {
        double[] matrix = Correlated(new Random(size), size);
        double[] factor = SymmetricMatrix.FactorOfInverse((double[])matrix.Clone(), size);
        for (int i = 0; i < size; i++)
            for (int j = 0; j < size; j++)
            {
                // (UᵀU H)ij.
                double product = 0;
                for (int k = 0; k < size; k++)
                    for (int l = 0; l <= Math.Min(i, k); l++)
                        product += factor[(l * size) + i] * factor[(l * size) + k] * matrix[(k * size) + j];
                Assert.Equal(i == j ? 1 : 0, product, 1e-8);
                Assert.True(j >= i || factor[(i * size) + j] == 0);
            }
    }

    /// <summary>wᵀHw is the power of the layer's output, whatever the layer is and wherever its inputs lie.</summary>
    [Fact]
    public void MomentsGiveThePowerOfTheOutput()
    {
        var g = new FloatGraph();
        string x = g.Input("x", 2, 7, 9, 4);
        string a = g.Conv("a", x, 4, 6, 3, stride: 2);
        string b = g.Conv("b", a, 6, 6, 3, groups: 6);
        string c = g.Conv("c", b, 6, 8, 1, groups: 2);
        string flat = g.Add("flat", "Reshape", [c, g.Constant("shape", Tensor.Of([2L, 160L], 2))]);
        Graph graph = g.Build(g.Dense("d", flat, 160, 5));
        IReadOnlyList<IReadOnlyList<Tensor>> samples = FloatGraph.Samples(graph, 40).Samples;
        var evaluator = new GraphEvaluator(graph);
        QuantizableNode[] nodes = [.. new QuantizableGraph(graph).Nodes.Where(n => n.Layer is not null)];
        Assert.Equal(4, nodes.Length);
        var hessians = InputHessians.Collect(evaluator, [.. nodes.Select(n => (n.Context, n.Layer!))], samples, CancellationToken.None);
        foreach (QuantizableNode node in nodes)
        {
            DotProductLayer layer = node.Layer!;
            var power = new double[layer.Channels];
            foreach (IReadOnlyList<Tensor> sample in samples)
                evaluator.Evaluate(sample, (name, value) =>
                {
                    if (name != node.Node.Outputs[0])
                        return;
                    float[] y = value.Values<float>();
                    for (int i = 0; i < y.Length; i++)
                        power[i % layer.Channels] += Math.Pow(y[i] - layer.Bias[i % layer.Channels], 2);
                });
            for (int channel = 0; channel < layer.Channels; channel++)
            {
                double[] h = hessians.Damped(node.Node.Name, channel / (layer.Channels / layer.Groups))!;
                double mean = hessians.Diagonal(node.Node.Name, channel / (layer.Channels / layer.Groups))!.Average();
                double form = 0;
                for (int i = 0; i < layer.Length; i++)
                    for (int j = 0; j < layer.Length; j++)
                        form += layer.Weights[layer.Index(channel, i)] * layer.Weights[layer.Index(channel, j)]
                            * (h[(i * layer.Length) + j] - (i == j ? 0.01 * mean : 0));
                Assert.Equal(power[channel], form, power[channel] * 1e-4);
            }
        }
    }

    /// <summary>Of a layer with one product a sum all rows are taken, however few samples there are.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(6)]
    public void SumsOfOneProductHaveMoments(int rows)
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Add("y", "MatMul", [g.Input("x", rows, 1), g.Noise("w", 1, 1, 3)]));
        QuantizableNode node = Assert.Single(new QuantizableGraph(graph).Nodes);
        IReadOnlyList<IReadOnlyList<Tensor>> samples = FloatGraph.Samples(graph, 1).Samples;
        var hessians = InputHessians.Collect(new GraphEvaluator(graph), [(node.Context, node.Layer!)], samples, CancellationToken.None);
        Assert.Equal(samples[0][0].Values<float>().Sum(x => (double)x * x), Assert.Single(hessians.Diagonal(node.Node.Name, 0)!), 1e-9);
    }

    [Fact]
    public void AWalkMakesUpForRounding()
    {
        var random = new Random(8);
        double[] hessian = Correlated(random, 48);
        double nearest = 0, walked = 0;
        for (int row = 0; row < 20; row++)
        {
            double[] weights = [.. Enumerable.Range(0, 48).Select(_ => random.NextDouble() - 0.5)];
            double[] rounded = [.. weights.Select(Rounded)], compensated = [.. weights];
            new CompensatedWalk(hessian).Run(compensated, (_, value) => Rounded(value));
            Assert.All(compensated, w => Assert.Equal(Rounded(w), w, 1e-12));
            nearest += Error(hessian, weights, rounded);
            walked += Error(hessian, weights, compensated);
        }
        Assert.True(walked < nearest / 2, $"{nearest} → {walked}");

        static double Rounded(double w) => Math.Round(w * 8) / 8;
    }

    /// <summary>What is left is the least-squares solution on it, and better than the greatest weights as they are.</summary>
    [Fact]
    public void WhatIsPrunedIsMadeUpForExactly()
    {
        var random = new Random(4);
        const int Size = 32, Rows = 6;
        double[][] hessians = [Correlated(random, Size), Correlated(random, Size)];
        double[][] original = [.. Enumerable.Range(0, Rows).Select(_ =>
            Enumerable.Range(0, Size).Select(_ => random.NextDouble() - 0.5).ToArray())];
        double[][] pruned = [.. original.Select(r => (double[])r.Clone())];
        new BrainSurgeon(pruned, hessians, r => r / 3).Prune(Rows * Size * 3 / 4);
        Assert.Equal(Rows * Size / 4, pruned.Sum(r => r.Count(w => w != 0)));
        double error = 0, magnitude = 0;
        double threshold = original.SelectMany(r => r).Select(Math.Abs).OrderDescending().ElementAt(Rows * Size / 4);
        for (int r = 0; r < Rows; r++)
        {
            double[] h = hessians[r / 3];
            for (int i = 0; i < Size; i++)
            {
                double gradient = 0;
                for (int j = 0; j < Size; j++)
                    gradient += h[(i * Size) + j] * (pruned[r][j] - original[r][j]);
                Assert.True(pruned[r][i] == 0 || Math.Abs(gradient) < 1e-6, $"row {r}, weight {i}: {gradient}");
            }
            error += Error(h, original[r], pruned[r]);
            magnitude += Error(h, original[r], [.. original[r].Select(w => Math.Abs(w) > threshold ? w : 0)]);
        }
        Assert.True(error < magnitude / 2, $"{magnitude} → {error}");
    }

    /// <summary>Also where fewer are asked for than there are.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(40)]
    [InlineData(70)]
    public void WhatIsZeroStaysZero(int count)
    {
        var random = new Random(6);
        const int Size = 24, Rows = 4;
        double[][] rows = [.. Enumerable.Range(0, Rows).Select(_ =>
            Enumerable.Range(0, Size).Select(k => k % 2 == 0 ? 0 : random.NextDouble() - 0.5).ToArray())];
        new BrainSurgeon(rows, [Correlated(random, Size)], _ => 0).Prune(count);
        Assert.Equal(Math.Max(count, Rows * Size / 2), rows.Sum(r => r.Count(w => w == 0)));
        Assert.All(rows, r => Assert.All(r.Where((_, k) => k % 2 == 0), w => Assert.Equal(0, w)));
    }

    [Fact]
    public void ClustersAreTheBest()
    {
        var random = new Random(2);
        for (int trial = 0; trial < 60; trial++)
        {
            (double Value, double Weight)[] points = [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ =>
                (Math.Round(random.NextDouble() * 10, 1), 1.0 + random.Next(3)))];
            int clusters = random.Next(1, 5);
            double found = Distance(KMeans.Means(points, clusters));
            Assert.Equal(Best([.. points.OrderBy(p => p.Value)], clusters), found, 1e-9);

            double Distance(IReadOnlyCollection<double> means) => points.Sum(p => p.Weight * means.Min(m => (p.Value - m) * (p.Value - m)));
        }
        // Many different numbers, through bins: not worse than the best of a fixed grid.
        (double Value, double Weight)[] many = [.. Enumerable.Range(0, 9000).Select(_ => (random.NextDouble() * random.NextDouble(), 1.0))];
        var sixteen = KMeans.Means(many, 16);
        Assert.Equal(16, sixteen.Length);
        double own = many.Sum(p => Math.Pow(p.Value - sixteen[KMeans.Nearest(sixteen, p.Value)], 2));
        Assert.True(own < many.Sum(p => Math.Pow(p.Value - ((Math.Floor(p.Value * 16) + 0.5) / 16), 2)) * 0.9);
    }

    // All ways of cutting sorted points into runs.
    private static double Best((double Value, double Weight)[] sorted, int clusters)
    {
        if (sorted.Length == 0)
            return 0;
        double best = double.PositiveInfinity;
        for (int first = clusters == 1 ? sorted.Length : 1; first <= sorted.Length; first++)
        {
            double weight = sorted[..first].Sum(p => p.Weight), mean = sorted[..first].Sum(p => p.Value * p.Weight) / weight;
            best = Math.Min(best, sorted[..first].Sum(p => p.Weight * Math.Pow(p.Value - mean, 2))
                + (first < sorted.Length ? Best(sorted[first..], clusters - 1) : 0));
        }
        return best;
    }

    // Second moments of inputs that depend on one another.
    private static double[] Correlated(Random random, int size)
    {
        var matrix = new double[size * size];
        for (int sample = 0; sample < 3 * size; sample++)
        {
            var x = new double[size];
            for (int i = 0; i < size; i++)
                x[i] = (i > 0 ? 0.9 * x[i - 1] : 0) + random.NextDouble() - 0.4;
            for (int i = 0; i < size; i++)
                SymmetricMatrix.AddMultiple(matrix.AsSpan(i * size, size), x[i], x);
        }
        for (int i = 0; i < size; i++)
            matrix[(i * size) + i] += 0.1;
        return matrix;
    }

    private static double Error(double[] hessian, double[] weights, double[] replaced)
    {
        double error = 0;
        for (int i = 0; i < weights.Length; i++)
            for (int j = 0; j < weights.Length; j++)
                error += (weights[i] - replaced[i]) * (weights[j] - replaced[j]) * hessian[(i * weights.Length) + j];
        return error;
    }
}
