using OptimizerBuild.Compression.Quantization.Arithmetic;
using OptimizerBuild.Graphs;
using OptimizerBuild.Kernels;
using OptimizerBuild.Lowering;
using OptimizerBuild.Onnx;
using OptimizerBuild.Operators;
using OptimizerBuild.Passes;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Both sides of each limit of <c>docs/arithmetic.md</c> beyond which a node runs in float32.</summary>
public sealed class IntegerLimitTests
{
    private const int MostTerms = 8_421_504;

    [Fact]
    public void TheGreatestNumberOfBytesIsTheLastThatFits()
    {
        Assert.True(ByteSums32.Fit(MostTerms));
        Assert.False(ByteSums32.Fit(MostTerms + 1));
        Assert.Equal(2_147_483_520, 255L * MostTerms);
        Assert.True(255L * (MostTerms + 1) > int.MaxValue);
    }

    [Theory]
    [InlineData("GlobalAveragePool", MostTerms, true)]
    [InlineData("GlobalAveragePool", MostTerms + 1, false)]
    [InlineData("ReduceMean", MostTerms, true)]
    [InlineData("ReduceMean", MostTerms + 1, false)]
    [InlineData("ReduceSum", MostTerms, true)]
    [InlineData("ReduceSum", MostTerms + 1, false)]
    [InlineData("GlobalMaxPool", MostTerms + 1, true)]
    [InlineData("ReduceMax", MostTerms + 1, true)]
    [InlineData("Softmax", FixedPointPower.LongestRow, true)]
    [InlineData("Softmax", FixedPointPower.LongestRow + 1, false)]
    [InlineData("Softmax", 1_000_000, false)]
    [InlineData("LogSoftmax", FixedPointPower.LongestRow, true)]
    [InlineData("LogSoftmax", FixedPointPower.LongestRow + 1, false)]
    public void RowsAreInIntegersUpToTheLimit(string operation, int length, bool isInteger)
    {
        Graph graph = new ModelBuilder(18).Input("x", 1, 1, length).Node(operation, "x", "y").Output("y").Import();

        Assert.Equal(isInteger, QuantizableNode.Of(graph, graph.Nodes[0]).Form != IntegerForm.None);
    }

    [Theory]
    [InlineData(256, 256, true)]
    [InlineData(256, 257, false)]
    [InlineData(2903, 2903, false)]
    public void WindowsAreInIntegersUpToTheLimit(int height, int width, bool isInteger)
    {
        Graph graph = new ModelBuilder(18).Input("x", 1, 1, height, width + 1)
            .Node("AveragePool", "x", "y", ("kernel_shape", new long[] { height, width })).Output("y").Import();

        Assert.Equal(isInteger, QuantizableNode.Of(graph, graph.Nodes[0]).Form != IntegerForm.None);
    }

    /// <summary>The kernel at the limit: the greatest and the least sum, as one row of bytes and as a map with channels.</summary>
    [Theory]
    [InlineData(1, 0, 255, 255)]
    [InlineData(1, 255, 0, 0)]
    [InlineData(8, 0, 255, 255)]
    [InlineData(8, 255, 0, 0)]
    public void TheGreatestSumsAreExact(int channels, int zeroPoint, int value, int expected)
    {
        // The mean in steps of the input's scale.
        FixedPointMultipliers mean = FixedPointMultipliers.Of(1.0 / MostTerms);
        var w = new Workspace(PackedWeights.Of([]), (MostTerms * channels) + 64);
        for (int i = 0; i < MostTerms * channels; i++)
            w.Arena(64 + i) = (byte)value;

        Int8Mean.Run(w, 64, 0, 0, channels, 0, channels, mean.Multipliers[0], mean.Shift, zeroPoint, zeroPoint, 0, 255, 1, 1, MostTerms,
            channels);

        for (int c = 0; c < channels; c++)
            Assert.Equal(expected, w.Arena(c));
    }

    /// <summary>A mean over more bytes than sums of 32 bits hold, among integer nodes, is computed in float32.</summary>
    [Theory]
    [InlineData("AveragePool")]
    [InlineData("GlobalAveragePool")]
    public void AMeanBeyondTheLimitIsBuilt(string operation)
    {
        // 2903 · 2903 = 8,427,409.
        ModelBuilder model = new ModelBuilder(18).Input("x", 1, 1, 2903, 2903).Constant("w", Tensor.Of([1f], 1, 1, 1, 1))
            .Node("Conv", "x,w", "c");
        Graph graph = PassPipeline.Run((operation == "AveragePool"
            ? model.Node(operation, "c", "y", ("kernel_shape", new long[] { 2903, 2903 }))
            : model.Node(operation, "c", "y")).Output("y").Import());
        Tensor ones = Tensor.Of(Enumerable.Repeat(1f, 2903 * 2903).ToArray(), 1, 1, 2903, 2903);
        CompressedModel quantised = new Quantizer(new QuantizationOptions { Precision = Options.ModelPrecision.Int8 }).Apply(
            new CompressedModel(graph), new Data.SampleSet([[ones]], false), CancellationToken.None).Model;

        LoweredModel lowered = GraphLowerer.Lower(quantised, new BoundaryOptions { ClassName = "Mean" });

        Assert.Equal(1f, Plans.Execute(lowered).Run([ones])[0].Values<float>()[0], 0.01f);
    }

    /// <summary>A winner among very many keeps its probability, behind an integer layer.</summary>
    [Theory]
    [InlineData(4096)]
    [InlineData(1_000_000)]
    public void AWinnerOfALongRowKeepsItsProbability(int length)
    {
        Graph graph = PassPipeline.Run(new ModelBuilder(18).Input("x", 1, 1, 1, length).Constant("w", Tensor.Of([40f], 1, 1, 1, 1))
            .Node("Conv", "x,w", "c").Node("Softmax", "c", "y").Output("y").Import());
        var values = new float[length];
        values[length / 3] = 1;
        Tensor x = Tensor.Of(values, 1, 1, 1, length);
        CompressedModel quantised = new Quantizer(new QuantizationOptions { Precision = Options.ModelPrecision.Int8 }).Apply(
            new CompressedModel(graph), new Data.SampleSet([[x]], false), CancellationToken.None).Model;

        float[] y = Plans.Execute(GraphLowerer.Lower(quantised, new BoundaryOptions { ClassName = "Rows" })).Run([x])[0].Values<float>();

        Assert.Equal(1f, y[length / 3], (float)FixedPointPower.ErrorOf(4096));
    }

    /// <summary>Equal values: bytes hold their probabilities up to 256 of them; beyond, what reads them reads float32.</summary>
    [Theory]
    [InlineData(256)]
    [InlineData(257)]
    [InlineData(513)]
    public void EqualProbabilitiesDoNotVanish(int length)
    {
        Graph graph = PassPipeline.Run(new ModelBuilder(18).Input("x", 1, length).Constant("w", Identity(length, 1))
            .Node("MatMul", "x,w", "a").Node("Softmax", "a", "s").Constant("v", Identity(length, 1)).Node("MatMul", "s,v", "y")
            .Output("y").Import());
        Tensor x = Tensor.Of(Enumerable.Repeat(1f, length).ToArray(), 1, length);
        CompressedModel quantised = new Quantizer(new QuantizationOptions { Precision = Options.ModelPrecision.Int8 }).Apply(
            new CompressedModel(graph), new Data.SampleSet([[x]], false), CancellationToken.None).Model;

        float[] y = Plans.Execute(GraphLowerer.Lower(quantised, new BoundaryOptions { ClassName = "Rows" })).Run([x])[0].Values<float>();

        Assert.All(y, p => Assert.Equal(1f / length, p, 0.05f / length));
    }

    /// <summary>The stated error of fixed-point probabilities by length: drawn rows of several widths, and the worst ones.</summary>
    [Theory]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(100)]
    [InlineData(1000)]
    [InlineData(4096)]
    public void ProbabilitiesAreAsExactAsStated(int length)
    {
        var random = new Random(length);
        double worst = 0;
        for (int draw = 0; draw < 40; draw++)
        {
            double scale = Math.Pow(2, -18 + (draw % 20));
            double width = Math.Pow(10, random.NextDouble() * 3 - 1);
            // The last rows have one winner, and all others just saturate.
            int[] row = [.. Enumerable.Range(0, length).Select(i => (int)Math.Round(
                draw >= 36 ? (i == 0 ? 0 : -(21.5 + (draw - 36)) / scale) : random.NextDouble() * width / scale))];
            double greatest = row.Max(), sum = row.Sum(v => Math.Exp((v - greatest) * scale));
            FixedPointMultipliers factor = FixedPointPower.Factor(scale);
            long[] powers = [.. row.Select(v => FixedPointPower.Of((long)greatest - v, factor))];
            ulong total = powers.Aggregate(0ul, (a, p) => a + (ulong)p);
            for (int i = 0; i < length; i++)
            {
                double actual = (((ulong)powers[i] << 30) / total) * FixedPointPower.ProbabilityScale;
                worst = Math.Max(worst, Math.Abs(actual - (Math.Exp((row[i] - greatest) * scale) / sum)));
            }
        }

        Assert.InRange(worst, double.Epsilon, FixedPointPower.ErrorOf(length));
    }

    private static Tensor Identity(int size, float value)
    {
        var values = new float[size * size];
        for (int i = 0; i < size; i++)
            values[(i * size) + i] = value;
        return Tensor.Of(values, size, size);
    }
}
