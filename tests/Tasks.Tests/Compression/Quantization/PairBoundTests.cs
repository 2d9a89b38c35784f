using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Data;
using OptimizerBuild.Graphs;
using OptimizerBuild.Lowering;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Neighbouring products within 16 bits: the proof from packed bytes, and the weights that the quantiser makes for it.</summary>
public class PairBoundTests
{
    /// <summary>Dot products of all layouts: inputs, outputs, kernel height and width, groups, dilation of the columns.</summary>
    public static TheoryData<int, int, int, int, int, int> Convolutions => new()
    {
        { 3, 16, 3, 3, 1, 1 },
        { 1, 8, 5, 5, 1, 1 },
        { 5, 24, 1, 7, 1, 1 },
        { 5, 9, 3, 3, 1, 2 },
        { 8, 16, 1, 1, 1, 1 },
        { 6, 10, 3, 3, 2, 1 },
        { 20, 20, 3, 3, 20, 1 },
        { 40, 40, 5, 5, 40, 1 },
        { 20, 20, 1, 5, 20, 1 },
        { 6, 6, 4, 3, 6, 2 },
        { 6, 12, 3, 3, 6, 1 },
    };

    [Fact]
    public void ProofHoldsExactlyWhereNoSumSaturates()
    {
        for (int first = sbyte.MinValue; first <= sbyte.MaxValue; first++)
            for (int second = sbyte.MinValue; second <= sbyte.MaxValue; second++)
            {
                int[] sums = [0, 255 * first, 255 * second, 255 * (first + second)];
                bool fits = sums.All(s => s is >= short.MinValue and <= short.MaxValue);
                byte[] packed = [0, 0, (byte)first, (byte)second];
                Assert.Equal(fits, PairSums16.Fit(packed));
                if (first > sbyte.MinValue && second > sbyte.MinValue)
                    Assert.Equal(fits, (first ^ second) < 0 || Math.Abs(first + second) <= PairBound.Limit);
            }
    }

    [Fact]
    public void OnlyNeighboursFromAnEvenPlaceOnCount()
    {
        Assert.True(PairSums16.Fit([1, 127, 127, 1, 0, 127]));
        Assert.False(PairSums16.Fit([1, 1, 2, 127]));
        Assert.True(PairSums16.Fit([]));
    }

    [Theory]
    [MemberData(nameof(Convolutions))]
    public void LoweringProvesWhatTheQuantiserBounds(int inputs, int outputs, int height, int width, int groups, int dilation)
    {
        // Without an activation the model's output is s32, for which there is no depthwise kernel: other weights are neighbours.
        foreach (bool isWide in (bool[])[false, true])
        {
            var g = new FloatGraph();
            string x = g.Input("x", 1, 9, 11, inputs);
            g.Add("y", "Conv", [x, Even(g, outputs, inputs / groups, height, width)], n =>
            {
                n = n.With("channels_last", 1).With("group", groups).With("dilations", 1, dilation).With("pads", 0, 1, 0, 1);
                return isWide ? n : FloatGraph.Relu(n);
            });
            CheckBothWays(g.Build("y"), isWide ? ActivationType.S32 : ActivationType.U8);
        }
    }

    [Theory]
    [InlineData("MatMul")]
    [InlineData("Gemm")]
    public void LoweringProvesWhatTheQuantiserBoundsInMatrixProducts(string op)
    {
        var g = new FloatGraph();
        string x = g.Input("x", 3, 31);
        g.Add("y", op, [x, op == "Gemm" ? Even(g, 21, 31) : Even(g, 31, 21)], n => op == "Gemm" ? n.With("transB", 1) : n);
        CheckBothWays(g.Build("y"), ActivationType.S32);
    }

    [Fact]
    public void QuietInputGivesUpMoreOfItsWeight()
    {
        // Two large weights side by side, the second of an input that moves ten times as much.
        var g = new FloatGraph();
        string x = g.Add("y", "MatMul", [g.Input("x", 1, 2), g.Constant("w", Tensor.Of([100f, 90f], 2, 1))]);
        QuantizableNode node = QuantizableNode.Of(g.Build(x), g.Build(x).Nodes[0]);
        var moments = new ChannelMoments(2);
        for (int i = 0; i < 10; i++)
            moments.Add(Tensor.Of([i % 2, 10f * (i % 2)], 1, 2), 1);
        int[] rounded = [100, 90];
        PairBound.Of(node, false, moments).Apply(0, 1, rounded);
        Assert.Equal([54, 74], rounded);

        rounded = [100, 90];
        PairBound.Of(node, false, null).Apply(0, 1, rounded);
        Assert.Equal([69, 59], rounded);
    }

    /// <summary>Weights that are rounded one after the other: the second of a pair keeps within what the first has left.</summary>
    [Fact]
    public void WeightsOfAWalkKeepTheBoundOneAfterTheOther()
    {
        var g = new FloatGraph();
        string x = g.Add("y", "MatMul", [g.Input("x", 1, 3), g.Constant("w", Tensor.Of([100f, 90f, 127f], 3, 1))]);
        QuantizableNode node = QuantizableNode.Of(g.Build(x), g.Build(x).Nodes[0]);
        PairBound bound = PairBound.Of(node, false, null);

        // The first as far as both would be lowered together, from what it has become by then.
        Assert.Equal(69, Limited(0, 100, 100));
        Assert.Equal(79, Limited(0, 120, 120));
        Assert.Equal(59, Limited(1, 90, 90, first: 69));
        Assert.Equal(-69, Limited(1, -127, -127, first: -59));
        Assert.Equal(40, Limited(1, 40, 40, first: 69));
        Assert.Equal(-127, Limited(1, -127, -127, first: 127));
        Assert.Equal(30, Limited(0, 30, 30));
        Assert.Equal(-100, Limited(0, -100, -100));

        // The other order, a scale, and a weight that has no neighbour.
        Assert.Equal(59, Limited(1, 90, 90));
        Assert.Equal(69, Limited(0, 100, 100, second: 59));
        Assert.Equal(50, bound.Limited(0, 2, 0, 100, 50, [null, null, null]));
        Assert.Equal(127, Limited(2, 127, 127));

        // What hardly moves gives up more.
        var moments = new ChannelMoments(3);
        for (int i = 0; i < 10; i++)
            moments.Add(Tensor.Of([i % 2, 10f * (i % 2), 0], 1, 3), 1);
        Assert.InRange(PairBound.Of(node, false, moments).Limited(0, 1, 0, 100, 100, [null, null, null]), 50, 60);

        int Limited(int position, double value, int level, int? first = null, int? second = null) =>
            bound.Limited(0, 1, position, value, level, [first, second, null]);
    }

    [Fact]
    public void BoundThatCostsMoreThanHalfADecibelIsNotKept()
    {
        // All weights of one magnitude and few inputs: the bound halves them, which 8 bits represent exactly and 7 bits with an error.
        var g = new FloatGraph();
        float[] weights = [.. Enumerable.Range(0, 8 * 4).Select(i => i % 4 < 2 ? 127f : 126f - (i % 8))];
        g.Add("y", "Gemm", [g.Input("x", 4, 4), g.Constant("w", Tensor.Of(weights, 8, 4))], n => n.With("transB", 1));
        Graph graph = g.Build("y");

        // Inputs that 8 bits hold exactly leave no other noise.
        var random = new Random(5);
        var samples = new SampleSet([.. Enumerable.Range(0, 16).Select(_ => (IReadOnlyList<Tensor>)
            [Tensor.Of([0, 255, .. Enumerable.Range(0, 14).Select(_ => (float)random.Next(256))], 4, 4)])], false);
        WeightQuantization kept = Quantize(graph, PairSums.Bounded, samples).Weights["y/node"];
        Assert.False(kept.PairSumsBounded);
        Assert.Equal(Quantize(graph, PairSums.Free, samples).Weights["y/node"].Values, kept.Values);
    }

    /// <summary>
    /// What the packed bytes hold side by side, found by packing weights that differ in one place only: not by the order that the packer
    /// states.
    /// </summary>
    [Theory]
    [MemberData(nameof(Convolutions))]
    public void NeighboursAreThoseOfThePackedBytes(int inputs, int outputs, int height, int width, int groups, int dilation)
    {
        foreach (bool isWide in (bool[])[false, true])
        {
            var g = new FloatGraph();
            string x = g.Input("x", 1, 9, 11, inputs);
            g.Add("y", "Conv", [x, Even(g, outputs, inputs / groups, height, width)], n =>
                n.With("channels_last", 1).With("group", groups).With("dilations", 1, dilation).With("pads", 0, 1, 0, 1));
            Graph graph = g.Build("y");
            var layout = WeightLayout.Of(QuantizableNode.Of(graph, graph.Nodes[0]), isWide, addsBlocks: false);
            int length = inputs / groups * height * width;
            int[] places = [.. Enumerable.Range(0, length).Select(k =>
            {
                var one = new sbyte[outputs * length];
                one[k] = 1;
                return Array.IndexOf(layout.Pack(one), (byte)1);
            })];
            (int, int)[] expected = [.. from first in Enumerable.Range(0, length)
                                        from second in Enumerable.Range(0, length)
                                        where places[first] % 2 == 0 && places[second] == places[first] + 1
                                        select (first, second)];
            Assert.Equal(expected, layout.Neighbours().Order().ToArray());
        }
    }

    // Weights between −1 and 1, of which every channel has neighbours beyond the bound.
    private static string Even(FloatGraph g, params int[] dimensions)
    {
        var random = new Random(7);
        return g.Constant("w",
            Tensor.Of([.. Enumerable.Range(0, Shapes.Count(dimensions)).Select(_ => (float)((2 * random.NextDouble()) - 1))], dimensions));
    }

    private static void CheckBothWays(Graph graph, ActivationType output)
    {
        SampleSet samples = FloatGraph.Samples(graph, 16);
        foreach (PairSums choice in (PairSums[])[PairSums.Free, PairSums.Bounded])
        {
            GraphQuantization q = Quantize(graph, choice, samples);
            Assert.Equal(output, q.Values["y"].Type);
            WeightQuantization weights = q.Weights["y/node"];
            LoweredModel lowered = GraphLowerer.Lower(new(graph, q), new BoundaryOptions());
            QuantizableNode node = QuantizableNode.Of(graph, graph.Nodes[0]);
            PairBound bound = PairBound.Of(node, output == ActivationType.S32, null);
            Assert.Equal(weights.PairSumsBounded, lowered.PairSumsBounded["y/node"]);
            Assert.Equal(bound.Holds(weights.Values), weights.PairSumsBounded);

            // Whatever the choice: a bound by intent holds in the packed bytes.
            QuantizedRows rows = WeightQuantizer.Round(node.Layer!, null, true, bound);
            Assert.True(bound.Holds(rows.Values));
            var bounded = q with { Weights = q.Weights.SetItem("y/node",
                WeightQuantizer.WithBias(node.Layer!, rows, q.Values["x"].Scale, null) with { Layout = weights.Layout }) };
            Assert.True(GraphLowerer.Lower(new(graph, bounded), new BoundaryOptions()).PairSumsBounded["y/node"]);
        }
    }

    private static GraphQuantization Quantize(Graph graph, PairSums choice, SampleSet samples) => new Quantizer(
        QuantizationOptions.Default with { PairSums = choice, Precision = ModelPrecision.Int8 }).Apply(new(graph), samples,
            default).Model.Annotation<GraphQuantization>()!;
}
