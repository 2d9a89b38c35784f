using OptimizerBuild.Compression.Quantization;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Operators;

/// <summary>The evaluator itself: order, observers, threads, and its kernels against plain loops.</summary>
public sealed class GraphEvaluatorTests
{
    [Fact]
    public void Observer_sees_inputs_and_node_outputs_in_order()
    {
        Graph graph = new ModelBuilder().Input("x", 2).Node("Relu", "x", "a").Node("Neg", "a", "y").Output("y").Import();
        var seen = new List<string>();

        new GraphEvaluator(graph).Evaluate([Tensor.Of([-1f, 2f], 2)], (name, _) => seen.Add(name));

        Assert.Equal(["x", "a", "y"], seen);
    }

    [Fact]
    public void Inputs_must_fit()
    {
        var evaluator = new GraphEvaluator(new ModelBuilder().Input("x", 2).Node("Relu", "x", "y").Output("y").Import());

        Assert.Throws<ArgumentException>(() => evaluator.Evaluate([]));
        Assert.Throws<ArgumentException>(() => evaluator.Evaluate([Tensor.Of([1f], 1)]));
        Assert.Throws<ArgumentException>(() => evaluator.Evaluate([Tensor.Of([1, 2], 2)]));
    }

    [Fact]
    public void Samples_in_parallel_give_the_same_as_one_by_one_and_can_be_cancelled()
    {
        var random = new Random(5);
        Graph graph = new ModelBuilder().Input("x", 1, 3, 8, 8).Constant("w", Random(random, 5, 3, 3, 3)).Node("Conv", "x,w", "c")
            .Node("Softmax", "c", "y").Output("y").Import();
        var evaluator = new GraphEvaluator(graph);
        Tensor[][] samples = [.. Enumerable.Range(0, 20).Select(_ => (Tensor[])[Random(random, 1, 3, 8, 8)])];

        Tensor[][] together = evaluator.EvaluateMany(samples);

        for (int i = 0; i < samples.Length; i++)
            Assert.Equal(evaluator.Evaluate(samples[i])[0].Values<float>(), together[i][0].Values<float>());
        Assert.Throws<OperationCanceledException>(() => evaluator.EvaluateMany(samples, cancellation: new CancellationToken(true)));
    }

    /// <summary>Training changes weights in place: what is derived from them must not outlive the evaluator, nor an invalidation.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    public void Changed_weights_are_seen_by_another_evaluator_and_after_invalidation(int groups)
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Conv("y", g.Input("x", 1, 5, 5, 4), 4, 4, 3, groups: groups));
        Tensor x = FloatGraph.Samples(graph, 1).Samples[0][0];
        var evaluator = new GraphEvaluator(graph);
        float[] before = evaluator.Evaluate([x])[0].Values<float>();

        float[] weights = graph.Constants["y.w"].Values<float>();
        for (int i = 0; i < weights.Length; i++)
            weights[i] *= -2;

        // What arrays that nobody has seen before give.
        Tensor copy = new(graph.Constants["y.w"].Type, (float[])weights.Clone());
        float[] expected = new GraphEvaluator(graph with { Constants = graph.Constants.SetItem("y.w",
            copy) }).Evaluate([x])[0].Values<float>();
        Assert.NotEqual(before, expected);
        Assert.Equal(expected, new GraphEvaluator(graph).Evaluate([x])[0].Values<float>());
        evaluator.Invalidate();
        Assert.Equal(expected, evaluator.Evaluate([x])[0].Values<float>());
    }

    /// <summary>Sizes around the register tile's and the blocks' edges.</summary>
    [Theory]
    [InlineData(1, 1, 1)]
    [InlineData(1, 37, 300)]
    [InlineData(3, 5, 7)]
    [InlineData(5, 33, 257)]
    [InlineData(6, 16, 256)]
    [InlineData(13, 47, 530)]
    [InlineData(97, 1030, 19)]
    public void Matrix_product_equals_the_plain_loops(int m, int n, int k)
    {
        var random = new Random(m + n + k);
        foreach ((bool turnA, bool turnB) in ((bool, bool)[])[(false, false), (true, false), (false, true), (true, true)])
        {
            float[] a = Random(random, m, k).Values<float>(), b = Random(random, k, n).Values<float>();
            float[] c = Random(random, m, n).Values<float>();
            var expected = new double[m * n];
            for (int i = 0; i < m; i++)
            {
                for (int j = 0; j < n; j++)
                {
                    double sum = c[(i * n) + j];
                    for (int p = 0; p < k; p++)
                        sum += (double)a[turnA ? (p * m) + i : (i * k) + p] * b[turnB ? (j * k) + p : (p * n) + j];
                    expected[(i * n) + j] = sum;
                }
            }

            MatrixProduct.Accumulate(m, n, k, a, turnA ? 1 : k, turnA ? m : 1, b, turnB ? 1 : n, turnB ? k : 1, c, n);

            for (int i = 0; i < c.Length; i++)
                Assert.InRange(c[i], expected[i] - (1e-5 * Math.Sqrt(k)), expected[i] + (1e-5 * Math.Sqrt(k)));
        }
    }

    /// <summary>
    /// Both layouts, every branch of the convolution: pointwise, depthwise, with multiplier, grouped, strided, dilated, padded.
    /// </summary>
    [Theory]
    [InlineData(4, 6, 1, 1, 1, 1, 0)]
    [InlineData(4, 6, 1, 3, 1, 1, 1)]
    [InlineData(4, 6, 1, 3, 2, 1, 1)]
    [InlineData(4, 6, 2, 3, 1, 2, 2)]
    [InlineData(4, 4, 4, 3, 1, 1, 1)]
    [InlineData(4, 4, 4, 3, 2, 1, 0)]
    [InlineData(4, 4, 4, 3, 3, 2, 3)]
    [InlineData(4, 8, 4, 3, 2, 1, 1)]
    [InlineData(1, 5, 1, 5, 1, 1, 0)]
    [InlineData(3, 5, 1, 1, 2, 1, 0)]
    public void Convolution_equals_the_plain_loops_in_both_layouts(int channels, int outputs, int groups, int kernel, int stride,
        int dilation, int pad)
    {
        var random = new Random(9);
        const int Height = 9, Width = 11;
        Tensor x = Random(random, 2, channels, Height, Width), w = Random(random, outputs, channels / groups, kernel, kernel),
            b = Random(random, outputs);
        Node node = new Node("c", "Conv", ["x", "w", "b"], ["y"]).With("group", groups).With("strides", [stride, stride])
            .With("dilations", [dilation, dilation])
            .With("pads", [pad, pad, pad, pad]).With("activation", new AttributeValue.Text("Clip"))
                .With("activation_min", new AttributeValue.Float(-0.5f)).With("activation_max", new AttributeValue.Float(1));
        Operator op = OperatorRegistry.Of(node);
        var context = new OperatorContext(node, [x.Type, w.Type, b.Type], [null, w, b]);

        Tensor first = op.Evaluate(context, [x, w, b])[0];
        Tensor moved = TensorMove.Transpose(x, [0, 2, 3, 1]);
        var lastContext = new OperatorContext(node.With("channels_last", 1), [moved.Type, w.Type, b.Type], [null, w, b]);
        Tensor last = TensorMove.Transpose(op.Evaluate(lastContext, [moved, w, b])[0], [0, 3, 1, 2]);

        Assert.Equal(context.OutputTypes[0], first.Type);
        float[] expected = Plain(x, w, b, groups, stride, dilation, pad, first.Type);
        TensorComparison.AssertClose(new Tensor(first.Type, expected), first, 1e-5, 1e-5);
        TensorComparison.AssertClose(first, last, 1e-5, 1e-5);
        Assert.Equal((long)first.Count * (channels / groups) * kernel * kernel, op.MultiplyAccumulates(context));
    }

    [Theory]
    [InlineData("MaxPool", 0)]
    [InlineData("AveragePool", 0)]
    [InlineData("AveragePool", 1)]
    [InlineData("GlobalAveragePool", 0)]
    [InlineData("GlobalMaxPool", 0)]
    public void Pooling_is_the_same_in_both_layouts(string opType, int includePad)
    {
        Tensor x = Random(new Random(3), 2, 3, 9, 8);
        Node node = new Node("p", opType, ["x"], ["y"]);
        if (!opType.StartsWith("Global", StringComparison.Ordinal))
            node = node.With("kernel_shape", [3, 2]).With("strides", [2, 2]).With("pads", [1, 1, 1, 0]).With("ceil_mode", 1)
                .With("count_include_pad", includePad);
        Tensor moved = TensorMove.Transpose(x, [0, 2, 3, 1]);

        Tensor first = OperatorRegistry.Of(node).Evaluate(new OperatorContext(node, [x.Type], [null]), [x])[0];
        Tensor last = OperatorRegistry.Of(node).Evaluate(new OperatorContext(node.With("channels_last", 1), [moved.Type], [null]),
            [moved])[0];

        TensorComparison.AssertClose(first, TensorMove.Transpose(last, [0, 3, 1, 2]), 1e-6, 1e-6);
    }

    [Fact]
    public void Error_function_has_double_precision()
    {
        // Abramowitz and Stegun, table 7.1, and symmetry.
        Assert.Equal(0.5204998778130465, ErrorFunction.Erf(0.5), tolerance: 4e-16);
        Assert.Equal(0.8427007929497149, ErrorFunction.Erf(1), tolerance: 4e-16);
        Assert.Equal(0.9953222650189527, ErrorFunction.Erf(2), tolerance: 4e-16);
        Assert.Equal(0.9999779095030014, ErrorFunction.Erf(3), tolerance: 4e-16);
        Assert.Equal(-ErrorFunction.Erf(1.999999), ErrorFunction.Erf(-1.999999));
        Assert.Equal(ErrorFunction.Erf(1.9999999), ErrorFunction.Erf(2.0000001), tolerance: 5e-9);
    }

    private static float[] Plain(Tensor x, Tensor w, Tensor b, int groups, int stride, int dilation, int pad, TensorType type)
    {
        float[] y = new float[type.Count], xs = x.Values<float>(), ws = w.Values<float>(), bs = b.Values<float>();
        int h = x.Dimensions[2], width = x.Dimensions[3], inner = w.Dimensions[1], kernel = w.Dimensions[2],
            outPerGroup = w.Dimensions[0] / groups, at = 0;
        for (int n = 0; n < type.Dimensions[0]; n++)
            for (int o = 0; o < type.Dimensions[1]; o++)
                for (int oy = 0; oy < type.Dimensions[2]; oy++)
                    for (int ox = 0; ox < type.Dimensions[3]; ox++)
                    {
                        double sum = bs[o];
                        for (int i = 0; i < inner; i++)
                            for (int ky = 0; ky < kernel; ky++)
                                for (int kx = 0; kx < kernel; kx++)
                                {
                                    int iy = (oy * stride) + (ky * dilation) - pad, ix = (ox * stride) + (kx * dilation) - pad;
                                    int c = (o / outPerGroup * inner) + i;
                                    if (iy >= 0 && iy < h && ix >= 0 && ix < width)
                                        sum += (double)xs[(((((n * x.Dimensions[1]) + c) * h) + iy) * width) + ix]
                                            * ws[(((((o * inner) + i) * kernel) + ky) * kernel) + kx];
                                }
                        y[at++] = (float)Math.Clamp(sum, -0.5, 1);
                    }
        return y;
    }

    private static Tensor Random(Random random, params int[] dimensions) =>
        Tensor.Of([.. Enumerable.Range(0, dimensions.Aggregate(1, (a, d) => a * d)).Select(_ => (float)((random.NextDouble() * 2) - 1))],
            dimensions);
}
