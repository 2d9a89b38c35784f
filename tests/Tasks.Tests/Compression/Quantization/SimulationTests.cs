using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>
/// The simulation's integer nodes against the float operators on the same quantised inputs: with inputs and weights that are exact, the
/// only difference is one rounding, half a step.
/// </summary>
public class SimulationTests
{
    private static readonly ActivationQuantization Input = new(ActivationType.U8, 0.0625, 37);

    private static readonly ActivationQuantization Second = new(ActivationType.U8, 0.125, 90);

    private static readonly ActivationQuantization Output = new(ActivationType.U8, 0.25, 101);

    [Theory]
    [InlineData(0, 1, 1, 1)]
    [InlineData(1, 1, 1, 1)]
    [InlineData(1, 2, 1, 1)]
    [InlineData(0, 1, 2, 2)]
    [InlineData(1, 1, 2, 4)]
    [InlineData(0, 2, 1, 4)]
    public void ConvolutionsRoundOnce(int channelsLast, int stride, int dilation, int groups)
    {
        int[] shape = channelsLast == 1 ? [2, 7, 9, 4] : [2, 4, 7, 9];
        var g = new FloatGraph();
        string y = g.Add("y", "Conv", [g.Input("x", shape), Weights(g, "w", 8, 4 / groups, 3, 3)], n => n
            .With("channels_last", channelsLast).With("group", groups).With("strides", stride, stride).With("dilations", dilation,
                dilation).With("pads", 1, 2, 0, 1));
        AssertRoundedOnce(g.Build(y));
    }

    [Fact]
    public void DepthwiseConvolutionRoundsOnce()
    {
        var g = new FloatGraph();
        string y = g.Add("y", "Conv", [g.Input("x", 1, 6, 5, 20), Weights(g, "w", 20, 1, 3, 3)], n => n
            .With("channels_last", 1).With("group", 20).With("pads", 1, 1, 1, 1).With("strides", 2, 1));
        AssertRoundedOnce(g.Build(y));
    }

    [Fact]
    public void OneDimensionalConvolutionRoundsOnce()
    {
        var g = new FloatGraph();
        string y = g.Add("y", "Conv", [g.Input("x", 1, 5, 17), Weights(g, "w", 3, 5, 4)], n => n.With("pads", 0, 1).With("strides", 3L));
        AssertRoundedOnce(g.Build(y));
    }

    [Theory]
    [InlineData("Gemm")]
    [InlineData("MatMul")]
    public void MatrixProductsRoundOnce(string op)
    {
        var g = new FloatGraph();
        string y = g.Add("y", op, [g.Input("x", 5, 19), Weights(g, "w", 19, 21)]);
        AssertRoundedOnce(g.Build(y));
    }

    [Theory]
    [InlineData("Add")]
    [InlineData("Sub")]
    [InlineData("Mul")]
    [InlineData("Max")]
    [InlineData("Min")]
    public void BroadcastOperationsRoundOnce(string op)
    {
        var g = new FloatGraph();
        string y = g.Add("y", op, [g.Input("x", 2, 3, 1, 5), g.Input("z", 3, 4, 1)], n => op is "Add" or "Mul" ? FloatGraph.Relu(n) : n);
        AssertRoundedOnce(g.Build(y));
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(0, 1)]
    [InlineData(1, 0)]
    [InlineData(1, 1)]
    public void AveragePoolsRoundOnce(int countPadding, int ceil)
    {
        var g = new FloatGraph();
        string y = g.Add("y", "AveragePool", [g.Input("x", 1, 3, 8, 7)], n => n
            .With("kernel_shape", 3, 3).With("strides", 2, 2).With("pads", 1, 1, 1, 1).With("count_include_pad",
                countPadding).With("ceil_mode", ceil));
        AssertRoundedOnce(g.Build(y));
    }

    [Theory]
    [InlineData("ReduceMean", 1, 3)]
    [InlineData("ReduceMean", 0, -1)]
    [InlineData("ReduceSum", 2, 3)]
    public void ReductionsRoundOnce(string op, int first, int second)
    {
        var g = new FloatGraph();
        string y = g.Add("y", op, [g.Input("x", 2, 3, 2, 4), g.Constant("axes", Tensor.Of([(long)first, second], 2))], n =>
            n.With("keepdims", 0L));
        AssertRoundedOnce(g.Build(y));
    }

    [Fact]
    public void ConcatenationRoundsOnce()
    {
        var g = new FloatGraph();
        string y = g.Add("y", "Concat", [g.Input("x", 2, 3, 4), g.Input("z", 2, 2, 4)], n => n.With("axis", 1L));
        AssertRoundedOnce(g.Build(y));
    }

    [Theory]
    [InlineData("Tanh")]
    [InlineData("Sigmoid")]
    [InlineData("HardSwish")]
    [InlineData("Relu")]
    [InlineData("LeakyRelu")]
    public void TablesRoundOnce(string op)
    {
        var g = new FloatGraph();
        AssertRoundedOnce(g.Build(g.Add("y", op, [g.Input("x", 3, 100)])));
    }

    [Fact]
    public void MaximaAndMovementsAreExact()
    {
        var g = new FloatGraph();
        string y = g.Add("y", "MaxPool", [g.Input("x", 1, 3, 6, 6)], n =>
            n.With("kernel_shape", 3, 3).With("pads", 1, 1, 1, 1).With("strides", 2, 2));
        Graph graph = g.Build(y);
        (QuantizedTensor actual, Tensor expected) = Run(graph, Input);
        Assert.Equal(expected.Values<float>(), actual.ToFloat().Values<float>());
    }

    [Fact]
    public void WideValuesPassThroughShapesUnchanged()
    {
        var wide = new ActivationQuantization(ActivationType.S32, 1e-3, 0);
        var g = new FloatGraph();
        Graph graph = g.Build(g.Add("y", "Flatten", [g.Input("x", 1, 2, 3)], n => n.With("axis", 1L)));
        int[] values = [int.MinValue, -1, 0, 65535, 65536, int.MaxValue];
        IntegerNode node = IntegerNode.Create(
            graph, QuantizableNode.Of(graph, graph.Nodes[0]),
            new Dictionary<string, ActivationQuantization> { ["x"] = wide, ["y"] = wide }, null);
        QuantizedTensor actual = node.Evaluate([new QuantizedTensor(values, [1, 2, 3], wide)])[0];
        Assert.Equal(values, actual.Values);
        Assert.Equal([1, 6], actual.Dimensions);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void SoftmaxIsAccurateAlongAnyAxis(int axis)
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Add("y", "Softmax", [g.Input("x", 3, 5, 4)], n => n.With("axis", axis)));
        (QuantizedTensor actual, Tensor expected) = Run(graph, new(ActivationType.S32, FixedPointPower.ProbabilityScale, 0));
        float[] a = actual.ToFloat().Values<float>();
        float[] e = expected.Values<float>();
        for (int i = 0; i < e.Length; i++)
            Assert.Equal(e[i], a[i], 2e-5f);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    public void LogSoftmaxIsAccurateAlongAnyAxis(int axis)
    {
        var g = new FloatGraph();
        Graph graph = g.Build(g.Add("y", "LogSoftmax", [g.Input("x", 3, 5, 4)], n => n.With("axis", axis)));
        (QuantizedTensor actual, Tensor expected) = Run(
            graph, new(ActivationType.S32, ActivationRange.RepresentableScale(FixedPointPower.LogarithmScale), 0));
        float[] a = actual.ToFloat().Values<float>();
        float[] e = expected.Values<float>();
        for (int i = 0; i < e.Length; i++)
            Assert.Equal(e[i], a[i], 4e-5f);
    }

    [Fact]
    public void SumsBeyond32BitsAreExact()
    {
        // 140,000 products of 255 and 127: more than 2^32.
        int length = 140_000;
        var g = new FloatGraph();
        string y = g.Add("y", "MatMul",
            [g.Input("x", 1, length), g.Constant("w", Tensor.Of([.. Enumerable.Repeat(1f, length)], length, 1))]);
        Graph graph = g.Build(y);
        var input = new ActivationQuantization(ActivationType.U8, 1, 0);
        var output = new ActivationQuantization(ActivationType.S32, 4, 0);
        var weights = new WeightQuantization([.. Enumerable.Repeat((sbyte)127, length)], [1.0], [5]);
        IntegerNode node = IntegerNode.Create(
            graph, QuantizableNode.Of(graph, graph.Nodes[0]),
            new Dictionary<string, ActivationQuantization> { ["x"] = input, ["y"] = output }, weights);
        int[] actual = node.Evaluate([new QuantizedTensor([.. Enumerable.Repeat(255, length)], [1, length], input), null])[0].Values;
        Assert.Equal([(int)(((255L * 127 * length) + 5 + 2) / 4)], actual);
    }

    private static void AssertRoundedOnce(Graph graph)
    {
        (QuantizedTensor actual, Tensor expected) = Run(graph, Output);
        float[] a = actual.ToFloat().Values<float>();
        float[] e = expected.Values<float>();
        Assert.Equal(expected.Dimensions.ToArray(), actual.Dimensions);
        float low = (float)(-Output.ZeroPoint * Output.Scale);
        float high = (float)((255 - Output.ZeroPoint) * Output.Scale);
        for (int i = 0; i < e.Length; i++)
        {
            float clamped = Math.Clamp(e[i], low, high);
            Assert.True(Math.Abs(a[i] - clamped) <= (Output.Scale / 2) + 1e-4, $"element {i}: {a[i]} instead of {e[i]}");
        }
    }

    // One node on seeded levels, in integers and, on what the levels stand for, in float.
    private static (QuantizedTensor Actual, Tensor Expected) Run(Graph graph, ActivationQuantization output)
    {
        var random = new Random(9);
        Node node = graph.Nodes[0];
        QuantizableNode known = QuantizableNode.Of(graph, node);
        Assert.Equal("", known.Obstacle);
        var values = new Dictionary<string, ActivationQuantization>(StringComparer.Ordinal) { [node.Outputs[0]] = output };
        var inputs = new QuantizedTensor?[node.Inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
        {
            if (graph.IsConstant(node.Inputs[i]))
                continue;
            TensorType type = graph.TypeOf(node.Inputs[i]);
            values[node.Inputs[i]] = i == 0 ? Input : Second;
            inputs[i] = new([.. Enumerable.Range(0, type.Count).Select(_ => random.Next(256))], [.. type.Dimensions],
                values[node.Inputs[i]]);
        }
        WeightQuantization? weights = known.Layer is { } layer
            ? new([.. layer.Weights.Select(w => (sbyte)Math.Round(w / 0.015625))], [.. Enumerable.Repeat(0.015625, layer.Channels)],
                new int[layer.Channels])
            : null;
        QuantizedTensor actual = IntegerNode.Create(graph, known, values, weights).Evaluate(inputs)[0];
        Tensor expected = new GraphEvaluator(graph).Evaluate([.. graph.Inputs.Select(name =>
            inputs[node.Inputs.IndexOf(name)]!.ToFloat())])[0];
        return (actual, expected);
    }

    // Weights that are whole multiples of 1/64.
    private static string Weights(FloatGraph g, string name, params int[] dimensions)
    {
        var random = new Random(7);
        return g.Constant(name,
            Tensor.Of([.. Enumerable.Range(0, Shapes.Count(dimensions)).Select(_ => random.Next(-60, 61) * 0.015625f)], dimensions));
    }
}
