using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Weights;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Rounding of weights and biases.</summary>
public class WeightQuantizerTests
{
    [Fact]
    public void LargestWeightOfEachChannelDecidesWithoutStatistics()
    {
        DotProductLayer layer = Gemm([1f, -2f, 0.5f, 0.25f, 0.1f, -0.125f], 2, 3, [0, 0]);
        QuantizedRows rows = WeightQuantizer.Round(layer, null, true);
        Assert.Equal((float)(2.0 / 127), rows.Scales[0]);
        Assert.Equal((float)(0.25 / 127), rows.Scales[1]);
        Assert.Equal(-127, rows.Values[1]);
        Assert.Equal(127, rows.Values[3]);
    }

    [Fact]
    public void EveryLayoutGivesTheSameWeights()
    {
        float[] byRow = [1f, -2f, 0.5f, 0.25f, 0.1f, -0.125f];
        float[] byColumn = [1f, 0.25f, -2f, 0.1f, 0.5f, -0.125f];
        QuantizedRows transposed = WeightQuantizer.Round(Gemm(byRow, 2, 3, [0, 0]), null, true);
        DotProductLayer layer = Layer(new Node("n", "MatMul", ["x", "w"], ["y"]), TensorType.Float32(1, 3), Tensor.Of(byColumn, 3, 2),
            null);
        QuantizedRows plain = WeightQuantizer.Round(layer, null, true);
        Assert.Equal(transposed.Scales, plain.Scales);
        Assert.Equal(new sbyte[] { transposed.Values[0], transposed.Values[3], transposed.Values[1], transposed.Values[4],
            transposed.Values[2], transposed.Values[5] }, plain.Values);
    }

    [Fact]
    public void GemmFactorsAreFoldedIn()
    {
        Node node = new Node("n", "Gemm", ["x", "w", "b"], ["y"]).With("transB", 1)
            .With("alpha", new AttributeValue.Float(0.5f)).With("beta", new AttributeValue.Float(2));
        DotProductLayer layer = Layer(node, TensorType.Float32(1, 2), Tensor.Of([2f, 4f], 1, 2), Tensor.Of([3f], 1));
        Assert.Equal([1f, 2f], layer.Weights);
        Assert.Equal([6f], layer.Bias);
    }

    [Fact]
    public void BiasThatDoesNotFitRaisesTheWeightScale()
    {
        DotProductLayer layer = Gemm([1e-6f, 2e-6f, 1f, 1f], 2, 2, [1e6f, 1f]);
        WeightQuantization weights = WeightQuantizer.WithBias(layer, WeightQuantizer.Round(layer, null, true), 1e-4, null);
        Assert.True(AccumulatorBound.Holds(layer, weights, 255));
        Assert.Equal(1e6, weights.Bias[0] * 1e-4 * weights.Scales[0], 1.0);
        Assert.Equal(1, weights.Bias[1] * 1e-4 * weights.Scales[1], 1e-4);
    }

    [Fact]
    public void DeadChannelKeepsItsBias()
    {
        DotProductLayer layer = Gemm([0f, 0f, 1f, -1f], 2, 2, [0.5f, 0f]);
        WeightQuantization weights = WeightQuantizer.WithBias(layer, WeightQuantizer.Round(layer, null, true), 0.01, null);
        Assert.Equal(0.5, weights.Bias[0] * 0.01 * weights.Scales[0], 1e-4);
        Assert.True(weights.Scales[0] >= weights.Scales[1] / (1 << 15), "its multiplier keeps bits beside the others'");
    }

    [Fact]
    public void LayerOfZerosHasFiniteScales()
    {
        DotProductLayer layer = Gemm(new float[4], 2, 2, [1f, -1f]);
        WeightQuantization weights = WeightQuantizer.WithBias(layer, WeightQuantizer.Round(layer, Moments(2, 1), true), 0.02, null);
        Assert.All(weights.Scales, s => Assert.InRange(s, 1e-6, 1));
        Assert.Equal(1, weights.Bias[0] * 0.02 * weights.Scales[0], 1e-3);
    }

    [Fact]
    public void OutlierWeightOfAQuietInputIsClipped()
    {
        // One large weight on an input that hardly moves: its step would cost the others more than clipping it.
        var random = new Random(3);
        float[] values = [.. Enumerable.Range(0, 64).Select(i => i == 0 ? 2f : (float)(random.NextDouble() - 0.5))];
        DotProductLayer layer = Gemm(values, 1, 64, [0]);
        var moments = new ChannelMoments(64);
        for (int s = 0; s < 50; s++)
            moments.Add(Tensor.Of([.. Enumerable.Range(0, 64).Select(i => (float)((random.NextDouble() - 0.5) * (i == 0 ? 1e-4 : 1)))], 1,
                64), 1);
        QuantizedRows rows = WeightQuantizer.Round(layer, moments, true);
        Assert.True(rows.Scales[0] < 2.0 / 127);
        Assert.Equal(127, rows.Values[0]);
    }

    [Fact]
    public void CorrectedBiasTakesUpTheMeanShift()
    {
        float[] values = [1f, 0.4961f, 0.3032f];
        DotProductLayer layer = Gemm(values, 1, 3, [0.25f]);
        ChannelMoments moments = Moments(3, 10);
        WeightQuantization weights = WeightQuantizer.WithBias(layer, WeightQuantizer.Round(layer, null, true), 0.001, moments);
        double exact = (10 * values.Sum(v => (double)v)) + 0.25;
        double rounded = (10 * weights.Values.Sum(v => v * weights.Scales[0])) + (weights.Bias[0] * 0.001 * weights.Scales[0]);
        Assert.Equal(exact, rounded, 1e-4);
    }

    [Fact]
    public void LongSumsBreakTheBoundAndAreSeen()
    {
        int length = 70000;
        DotProductLayer layer = Gemm([.. Enumerable.Repeat(1f, length)], 1, length, [0]);
        WeightQuantization weights = WeightQuantizer.WithBias(layer, WeightQuantizer.Round(layer, null, true), 1, null);
        Assert.False(AccumulatorBound.Holds(layer, weights, 0));
    }

    [Theory]
    [InlineData("Gemm", 3, 1, "bias")]
    [InlineData("MatMul", 0, 0, "matrix")]
    public void UnfitWeightsAreRefusedWithAReason(string op, int biasRows, int biasColumns, string reason)
    {
        Tensor weights = op == "MatMul" ? Tensor.Of(new float[8], 2, 2, 2) : Tensor.Of(new float[6], 2, 3);
        Tensor? bias = biasRows > 0 ? Tensor.Of(new float[biasRows * biasColumns], biasRows, biasColumns) : null;
        Node node = new("n", op, bias is null ? ["x", "w"] : ["x", "w", "b"], ["y"]);
        Assert.Null(DotProductLayer.Read(Context(node, TensorType.Float32(3, 2), weights, bias), out string obstacle));
        Assert.Contains(reason, obstacle, StringComparison.Ordinal);
    }

    private static ChannelMoments Moments(int channels, float mean)
    {
        var moments = new ChannelMoments(channels);
        moments.Add(Tensor.Of([.. Enumerable.Repeat(mean, channels)], 1, channels), 1);
        return moments;
    }

    private static DotProductLayer Gemm(float[] weights, int channels, int length, float[] bias) => Layer(
        new Node("n", "Gemm", ["x", "w", "b"], ["y"]).With("transB", 1),
        TensorType.Float32(1, length),
        Tensor.Of(weights, channels, length),
        Tensor.Of(bias, channels));

    private static DotProductLayer Layer(Node node, TensorType input, Tensor weights, Tensor? bias)
    {
        DotProductLayer? layer = DotProductLayer.Read(Context(node, input, weights, bias), out string obstacle);
        Assert.Equal("", obstacle);
        return layer!;
    }

    private static OperatorContext Context(Node node, TensorType input, Tensor weights, Tensor? bias) =>
        new(node, [input, weights.Type, .. bias is null ? [] : new[] { bias.Type }],
            [null, weights, .. bias is null ? [] : new[] { bias }]);
}
