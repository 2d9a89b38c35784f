using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators.Pooling;

namespace OptimizerBuild.Operators;

/// <summary>The one geometry of sliding windows, against counting by hand.</summary>
public sealed class WindowGeometryTests
{
    public static TheoryData<int> Ranks => [1, 2, 3, 4];

    [Theory]
    [MemberData(nameof(Ranks))]
    public void TapsAreThoseInsideTheInput(int rank)
    {
        var random = new Random(rank);
        for (int round = 0; round < 40; round++)
        {
            WindowGeometry geometry = Random(random, rank, random.Next(2) == 0);
            var windows = new WindowTaps(geometry);
            for (int output = 0; output < geometry.OutputPixels; output++)
            {
                (List<WindowTap> expected, int padded) = Counted(geometry, output);
                Assert.Equal(expected, windows.Of(output));
                Assert.Equal(padded, windows.CountWithPadding(output));
            }
        }
    }

    [Fact]
    public void AnAxisCountsAsItsWindowsDo()
    {
        var random = new Random(9);
        for (int round = 0; round < 300; round++)
        {
            WindowAxis axis = Random(random, 1, false).X;
            int reach = 0;
            for (int o = 0; o < axis.Output; o++)
            {
                int[] inside = [.. Positions(axis, o).Where(p => p >= 0 && p < axis.Input)];
                Assert.Equal(inside.Length, axis.Count(o));
                if (inside.Length > 0)
                    Assert.Equal((inside[0], inside[^1] + 1), (axis.Inside(o).First, Math.Min(axis.Inside(o).End, inside[^1] + 1)));
                reach = Math.Max(reach, Positions(axis, o).Max() + 1 - axis.Input);
            }
            Assert.Equal(Math.Max(reach, 0), axis.ReachEnd);
            for (int tap = 0; tap < axis.Kernel; tap++)
            {
                (int first, int end) = axis.OutputsInside((tap * axis.Dilation) - axis.PadBegin);
                for (int o = 0; o < axis.Output; o++)
                {
                    int position = Positions(axis, o).ElementAt(tap);
                    Assert.Equal(position >= 0 && position < axis.Input, o >= first && o < end);
                }
            }
        }
    }

    /// <summary>The fast forms over one and two axes give what the definition gives.</summary>
    [Theory]
    [InlineData(1, false)]
    [InlineData(1, true)]
    [InlineData(2, false)]
    [InlineData(2, true)]
    public void FastPoolsFollowTheDefinition(int rank, bool last)
    {
        var random = new Random(rank);
        for (int round = 0; round < 30; round++)
        {
            WindowGeometry g = Random(random, rank, last);
            int[] sizes = [.. g.Axes.Select(a => a.Input)];
            int[] dimensions = last ? [g.Batch, .. sizes, g.Channels] : [g.Batch, g.Channels, .. sizes];
            Tensor x = Tensor.Of([.. Enumerable.Range(0, Shapes.Count(dimensions)).Select(_ => (float)random.Next(-9, 9))], dimensions);
            Node node = new Node("n", "MaxPool", ["x"], ["y"])
                .With("kernel_shape", [.. g.Axes.Select(a => (long)a.Kernel)])
                .With("strides", [.. g.Axes.Select(a => (long)a.Stride)])
                .With("dilations", [.. g.Axes.Select(a => (long)a.Dilation)])
                .With("pads", [.. g.Axes.Select(a => (long)a.PadBegin), .. g.Axes.Select(a => (long)a.PadEnd)])
                .With(ChannelLayout.Attribute, last ? 1 : 0);
            int count = g.Output(ElementType.Float32, g.Channels).Count;
            var maxima = new float[count];
            DirectWindow.Maximum(g, x.Values<float>(), maxima, [], false);
            Assert.Equal(maxima, Run(new MaxPoolOperator(), node, x));
            foreach (bool padded in (bool[])[false, true])
            {
                var means = new float[count];
                DirectWindow.Average(g, x.Values<float>(), padded, means);
                Node average = (node with { OpType = "AveragePool" }).With("count_include_pad", padded ? 1 : 0);
                Assert.Equal(means, Run(new AveragePoolOperator(), average, x));
            }
        }
    }

    /// <summary>As many outputs as strides fit into the input, the padding as small as that allows.</summary>
    [Fact]
    public void SamePaddingIsTheLeastThatGivesAnOutputForEachStride()
    {
        for (int input = 1; input < 12; input++)
            for (int kernel = 1; kernel < 6; kernel++)
                for (int stride = 1; stride < 5; stride++)
                    for (int dilation = 1; dilation < 3; dilation++)
                    {
                        int extent = ((kernel - 1) * dilation) + 1, outputs = 0;
                        for (int start = 0; start < input; start += stride)
                            outputs++;
                        int least = 0;
                        while ((input + least - extent < 0 ? 0 : ((input + least - extent) / stride) + 1) < outputs)
                            least++;
                        (long begin, long end) = WindowAxis.SamePadding(input, kernel, stride, dilation, upper: true);
                        Assert.Equal((least / 2, least - (least / 2)), (begin, end));
                        Assert.Equal((end, begin), WindowAxis.SamePadding(input, kernel, stride, dilation, upper: false));
                    }
    }

    [Theory]
    [InlineData("Conv", "SAME_UPPER", "1,1,2,1")]
    [InlineData("Conv", "SAME_LOWER", "2,1,1,1")]
    [InlineData("Conv", "VALID", "")]
    [InlineData("Conv", "NOTSET", "7,7,7,7")]
    [InlineData("MaxPool", "SAME_UPPER", "1,1,2,1")]
    [InlineData("AveragePool", "SAME_LOWER", "2,1,1,1")]
    public void TheImporterMakesPaddingExplicit(string op, string auto, string pads)
    {
        // 10 rows under windows of 4 with dilation 1 and stride 1, 9 columns under windows of 3 with stride 2.
        ModelBuilder model = new ModelBuilder().Input("x", 1, 2, 10, 9).Constant("w", Tensor.Of(new float[3 * 2 * 12], 3, 2, 4, 3));
        (string, object)[] attributes = [("auto_pad", auto), ("strides", (long[])[1, 2]), ("kernel_shape", (long[])[4, 3])];
        if (auto is "NOTSET" or "VALID")
            attributes = [.. attributes, ("pads", (long[])[7, 7, 7, 7])];
        Graph graph = model.Node(op, op == "Conv" ? "x,w" : "x", "y", attributes).Output("y").Import();

        Node node = Assert.Single(graph.Nodes);
        Assert.False(node.Has("auto_pad"));
        Assert.Equal(pads, string.Join(',', node.Ints("pads") ?? []));
        if (auto.StartsWith("SAME", StringComparison.Ordinal))
            Assert.Equal([10, 5], graph.TypeOf("y").Dimensions.Skip(2));
    }

    private static float[] Run(Operator op, Node node, Tensor x) => op.Evaluate(new(node, [x.Type], [null]), [x])[0].Values<float>();

    private static IEnumerable<int> Positions(WindowAxis axis, int output) =>
        Enumerable.Range(0, axis.Kernel).Select(k => (output * axis.Stride) - axis.PadBegin + (k * axis.Dilation));

    private static (List<WindowTap> Inside, int Padded) Counted(WindowGeometry geometry, int output)
    {
        var inside = new List<WindowTap>();
        int padded = 0;
        for (int tap = 0; tap < geometry.Taps; tap++)
        {
            int pixel = 0, step = 1, restOfTap = tap, rest = output;
            bool covers = true, counts = true;
            for (int i = geometry.Axes.Length - 1; i >= 0; i--)
            {
                WindowAxis axis = geometry.Axes[i];
                int position = Positions(axis, rest % axis.Output).ElementAt(restOfTap % axis.Kernel);
                covers &= position >= 0 && position < axis.Input;
                counts &= position < axis.Input + axis.PadEnd;
                pixel += position * step;
                step *= axis.Input;
                rest /= axis.Output;
                restOfTap /= axis.Kernel;
            }
            if (covers)
                inside.Add(new(pixel, tap));
            padded += counts ? 1 : 0;
        }
        return (inside, padded);
    }

    private static WindowGeometry Random(Random random, int rank, bool last)
    {
        var axes = ImmutableArray.CreateBuilder<WindowAxis>();
        while (axes.Count < rank)
        {
            int input = random.Next(1, rank > 2 ? 5 : 9), kernel = random.Next(1, 4);
            int stride = random.Next(1, 4), dilation = random.Next(1, 3);
            int begin = random.Next(0, kernel), end = random.Next(0, kernel);
            int span = input + begin + end - (((kernel - 1) * dilation) + 1);
            if (span >= 0)
                axes.Add(new(input, kernel, stride, dilation, begin, end, (span / stride) + 1));
        }
        return new(random.Next(1, 3), random.Next(1, 4), axes.ToImmutable(), last);
    }
}
