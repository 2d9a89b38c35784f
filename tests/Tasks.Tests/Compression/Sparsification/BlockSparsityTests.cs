using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Data;
using OptimizerBuild.Export;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Sparsification;

/// <summary>Weights that become zero in the blocks that kernels read together.</summary>
public sealed class BlockSparsityTests
{
    private static readonly ModelOptions Blocks = TestContext.Options with
    {
        Sparsity = 0.75,
        SparsityPattern = SparsityPattern.Block,
        CalibrationData = new DataSpec("given", "/"),
    };

    [Fact]
    public void WholeBlocksAreZeroAndStayZeroWithOtherTechniques()
    {
        Graph graph = Network();
        foreach (ModelOptions options in (ModelOptions[])
            [Blocks, Blocks with { Precision = ModelPrecision.Int4 }, Blocks with { Clusters = 6 }, Blocks with { EntropyCoding = true },
                Blocks with { Equalize = true }, Blocks with { CalibrationData = null },
                Blocks with { PruningCriterion = PruningCriterion.Magnitude }, Blocks with { Precision = ModelPrecision.Float32 }])
        {
            CompressionRun run = Run(graph, options);
            TechniqueAccount account = run.Accounts.Single(a => a.Technique == "BlockSparsification");
            Assert.Contains("dense stay 'first/node', 'depthwise/node': their weights do not fill blocks", account.Notes);
            (int all, int zeros) = (0, 0);
            foreach (string name in (string[])["body/node", "point/node", "head/node"])
            {
                PrunableLayer layer = PrunableLayer.Of(run.Model.Graph, run.Model.Graph.Nodes.Single(n => n.Name == name))!;
                BlockGrid grid = layer.Blocks!;
                all += layer.Count;
                zeros += layer.Zeros;
                foreach ((int first, int count) in grid.Panels)
                    foreach (int[] quad in grid.Quads)
                    {
                        float[] block = [.. Enumerable.Range(first, count).SelectMany(c => quad.Select(k =>
                            layer.Layer.Weights[layer.Layer.Index(c, k)]))];

                        // Shared values may be zero, too.
                        if (options.Clusters is null)
                            Assert.True(block.All(w => w == 0) || block.All(w => w != 0));
                    }
            }
            Assert.InRange(zeros, (0.75 * all) - 64, options.Clusters is null ? 0.75 * all : all);
        }
    }

    [Fact]
    public void IntegerLayersRunOnTheBlocksThatAreLeft()
    {
        CompressedModel model = Run(Network(), Blocks with { Precision = ModelPrecision.Int8 }).Model;
        var blob = new WeightsBlob();
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions(), weights: blob);
        string Form(string layer) => lowered.Sections.Single(s => s.Node == layer + "/node").Storage.Name;
        Assert.Equal(["s8", "s8", "s8 blocks"], ((string[])["first", "depthwise", "head"]).Select(Form));
        Assert.True(blob.Length < 0.6 * model.Graph.Nodes.Sum(n => model.Graph.Constant(n.Inputs[1])!.Count));

        // As ONNX it is an ordinary model with zeros.
        Graph exported = OnnxImporter.Import(QdqExporter.Export(model), "exported.onnx", ImportOptions.Default).Graph;
        float[] sample = Samples(model.Graph).Samples[0][0].Values<float>();
        Tensor input = Tensor.Of(sample, model.Graph.TypeOf("x").Dimensions.AsSpan());
        float[] expected = Plans.Execute(lowered).Run([input])[0].Values<float>();
        float[] actual = new GraphEvaluator(exported).Evaluate([input])[0].Values<float>();
        double Product(float[] a, float[] b) => a.Zip(b, (x, y) => (double)x * y).Sum();
        Assert.True(Product(expected, actual) > 0.999 * Math.Sqrt(Product(expected, expected) * Product(actual, actual)));
    }

    [Fact]
    public void Float32LayersRunOnTheBlocksThatAreLeft()
    {
        CompressedModel model = Run(Network(), Blocks with { Precision = ModelPrecision.Float32 }).Model;
        LoweredModel lowered = GraphLowerer.Lower(model, new BoundaryOptions());
        string Form(string layer) => lowered.Sections.Single(s => s.Node == layer + "/node").Storage.Name;
        Assert.Equal(["float32", "float32", "float32 blocks"], ((string[])["first", "depthwise", "head"]).Select(Form));
        Tensor input = Tensor.Of(Samples(model.Graph).Samples[0][0].Values<float>(), model.Graph.TypeOf("x").Dimensions.AsSpan());
        float[] expected = new GraphEvaluator(model.Graph).Evaluate([input])[0].Values<float>();
        float[] actual = Plans.Execute(lowered).Run([input])[0].Values<float>();
        Assert.All(expected.Zip(actual), v => Assert.Equal(v.First, v.Second, 1e-4f * (1 + Math.Abs(v.First))));
    }

    [Fact]
    public void RulesForSingleLayersSpeakOfBlocks()
    {
        ModelOptions options = Blocks with { Sparsity = null, Layers = LayerRules.Parse("head*:Sparsity=0.5")! };
        CompressionRun run = Run(Network(), options);
        Assert.Equal(["BlockSparsification", "Quantization"], run.Accounts.Select(a => a.Technique));
        Assert.Contains("'body/node': 0 of 72 blocks (0.0 %)", run.Accounts[0].Notes);
        Assert.Contains("'head/node': 80 of 160 blocks (50.0 %)", run.Accounts[0].Notes);
        Assert.DoesNotContain(options.ChoicesWithoutEffect(), c => c.Contains("SparsityPattern", StringComparison.Ordinal));
    }

    [Fact]
    public void WeightsThatAreLeftMakeUpForOthers()
    {
        Graph graph = Network();
        ModelOptions exact = Blocks with { Precision = ModelPrecision.Float32, Sparsity = 0.5 };
        var source = new TestContext(graph, Samples(graph));
        CompressionContext context = source.Context(exact);
        double Agreement(ModelOptions options) => context.Measure(Run(graph, options).Model, Samples(graph)).Accuracy;
        double compensated = Agreement(exact), magnitude = Agreement(exact with { PruningCriterion = PruningCriterion.Magnitude });
        Assert.True(compensated > magnitude, $"agreement {magnitude} → {compensated}");
    }

    // The gradient of the layer's error by every weight that is left is zero, and no other choice of one block loses less.
    [Fact]
    public void TheWeightsOfAPanelAreTheBestOnItsBlocks()
    {
        const int Outputs = 20, Length = 32;
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("y", g.Input("x", 1, Length), Length, Outputs));
        PrunableLayer layer = PrunableLayer.Of(graph, graph.Nodes[0])!;
        BlockGrid grid = layer.Blocks!;
        Assert.Equal(2 * 8, grid.Count);
        var random = new Random(5);
        double[] hessian = Moments(random, Length);
        double[][] before = Rows(random, Outputs, Length);
        double Loss(double[][] after) => Enumerable.Range(0, Outputs).Sum(r => Power(hessian, before[r].Zip(after[r], (a, b) => a - b)));

        double[][] Pruned(int count)
        {
            double[][] rows = [.. before.Select(r => (double[])r.Clone())];
            new BlockSurgeon(rows, grid, [hessian], _ => 0).Prune(count);
            return rows;
        }
        foreach (int count in (int[])[1, 5, 12])
        {
            double[][] after = Pruned(count);
            Assert.Equal(count, grid.Panels.Sum(p => grid.Quads.Count(q =>
                Enumerable.Range(p.First, p.Count).All(r => q.All(k => after[r][k] == 0)))));
            for (int r = 0; r < Outputs; r++)
                for (int k = 0; k < Length; k++)
                    if (after[r][k] != 0)
                        Assert.Equal(
                            0, Enumerable.Range(0, Length).Sum(j => hessian[(k * Length) + j] * (after[r][j] - before[r][j])), 1e-6);
        }

        // Blocks that count by weight, so that a panel of four outputs does not go first because it is small.
        double[][] one = Pruned(1);
        (int Panel, int Quad)[] all = [.. from p in Enumerable.Range(0, 2) from q in Enumerable.Range(0, 8) select (p, q)];
        (int Panel, int Quad) gone = all.Single(b => Block(grid, b).All(w => one[w.Row][w.K] == 0));
        double best = all.Min(b => Loss(Without(before, grid, hessian, b)) / Block(grid, b).Count());
        Assert.Equal(best, Loss(one) / Block(grid, gone).Count(), 1e-6);
    }

    [Fact]
    public void WhatIsZeroStaysZero()
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Dense("y", g.Input("x", 1, 32), 32, 16));
        BlockGrid grid = PrunableLayer.Of(graph, graph.Nodes[0])!.Blocks!;
        var random = new Random(6);
        double[][] rows = Rows(random, 16, 32);
        foreach (double[] row in rows)
            Array.Clear(row, 8, 12);
        new BlockSurgeon(rows, grid, [Moments(random, 32)], _ => 0).Prune(1);
        Assert.All(rows, row => Assert.All(row[8..20], w => Assert.Equal(0, w)));
        Assert.All(rows, row => Assert.All((double[])[.. row[..8], .. row[20..]], w => Assert.NotEqual(0, w)));
    }

    private static IEnumerable<(int Row, int K)> Block(BlockGrid grid, (int Panel, int Quad) block) =>
        Enumerable.Range(grid.Panels[block.Panel].First, grid.Panels[block.Panel].Count)
            .SelectMany(r => grid.Quads[block.Quad].Select(k => (r, k)));

    // By coordinate descent: slow, and nothing of the method under test.
    private static double[][] Without(double[][] rows, BlockGrid grid, double[] hessian, (int Panel, int Quad) block)
    {
        int length = rows[0].Length;
        double[][] after = [.. rows.Select(r => (double[])r.Clone())];
        foreach (int r in Block(grid, block).Select(b => b.Row).Distinct())
        {
            foreach (int k in grid.Quads[block.Quad])
                after[r][k] = 0;
            for (int pass = 0; pass < 400; pass++)
                for (int k = 0; k < length; k++)
                    if (!grid.Quads[block.Quad].Contains(k))
                        after[r][k] -= Enumerable.Range(0, length).Sum(j => hessian[(k * length) + j] * (after[r][j] - rows[r][j]))
                            / hessian[(k * length) + k];
        }
        return after;
    }

    private static double Power(double[] hessian, IEnumerable<double> difference)
    {
        double[] d = [.. difference];
        double sum = 0;
        for (int i = 0; i < d.Length; i++)
            for (int j = 0; j < d.Length; j++)
                sum += d[i] * hessian[(i * d.Length) + j] * d[j];
        return sum;
    }

    private static double[][] Rows(Random random, int rows, int length) =>
        [.. Enumerable.Range(0, rows).Select(_ => Enumerable.Range(0, length).Select(_ => random.NextDouble() - 0.5).ToArray())];

    private static double[] Moments(Random random, int length)
    {
        double[][] samples = Rows(random, 3 * length, length);
        foreach (double[] x in samples)
            for (int i = 1; i < length; i++)
                x[i] += 0.4 * x[i - 1];
        var moments = new double[length * length];
        for (int i = 0; i < length; i++)
            for (int j = 0; j < length; j++)
                moments[(i * length) + j] = samples.Sum(x => x[i] * x[j]);
        return moments;
    }

    private static CompressionRun Run(Graph graph, ModelOptions options) =>
        CompressionTechniques.Run(new(graph), new TestContext(graph, Samples(graph)).Context(options));

    private static SampleSet Samples(Graph graph) => FloatGraph.Samples(graph, 96);

    private static Graph Network()
    {
        var g = new FloatGraph();
        string x = g.Conv("first", g.Input("x", 1, 4, 4, 1), 1, 16, 3, relu: true);
        x = g.Conv("body", x, 16, 32, 3, relu: true);
        x = g.Conv("depthwise", x, 32, 32, 3, relu: true, groups: 32);
        x = g.Conv("point", x, 32, 40, 1, relu: true);
        x = g.Add("flat", "Reshape", [x, g.Constant("shape", Tensor.Of([1L, 16 * 40], 2))]);
        return g.Build(g.Dense("head", x, 16 * 40, 12));
    }
}
