using OptimizerBuild.Operators.Linear;

namespace OptimizerBuild.Operators;

/// <summary>The reference convolution makes the matrix of im2col in parts: the same bytes whatever their size, and little memory.</summary>
public class FloatConvolutionTests
{
    public static TheoryData<bool, int, int, int> Cases
    {
        get
        {
            var cases = new TheoryData<bool, int, int, int>();
            foreach (bool channelsLast in (bool[])[false, true])
                foreach ((int stride, int dilation, int groups) in ((int, int, int)[])[(1, 1, 1), (2, 1, 3), (1, 2, 2), (3, 2, 1)])
                    cases.Add(channelsLast, stride, dilation, groups);
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void PartsOfAnySizeGiveTheSameBytes(bool channelsLast, int stride, int dilation, int groups)
    {
        var random = new Random(1);
        const int Inputs = 6, Outputs = 12;
        var geometry = new WindowGeometry(
            2, Inputs, [Axis(13, 3, stride, dilation, 2, 1), Axis(11, 5, stride, dilation, 3, 2)], channelsLast);
        float[] x = Draw(random, 2 * Inputs * 13 * 11), w = Draw(random, Outputs * (Inputs / groups) * 15), bias = Draw(random, Outputs);
        int k = Inputs / groups * 15;

        float[] whole = Run(int.MaxValue);
        foreach (int elements in (int[])[1, k, 2 * k, (7 * k) + 3, geometry.X.Output * k])
            Assert.Equal(whole, Run(elements));

        float[] Run(int elements)
        {
            var convolution = new FloatConvolution(geometry, Outputs, groups, w, bias, elements);
            var y = new float[2 * Outputs * geometry.OutputPixels];
            convolution.Run(x, channelsLast ? convolution.TurnWeights() : null, y);
            return y;
        }
    }

    /// <summary>The whole matrix of this layer would have 23 MB.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void BuffersStaySmall(bool channelsLast)
    {
        const int Side = 200, Channels = 16;
        var geometry = new WindowGeometry(1, Channels, [Axis(Side, 3, 1, 1, 1, 1), Axis(Side, 3, 1, 1, 1, 1)], channelsLast);
        var random = new Random(1);
        float[] x = Draw(random, Channels * Side * Side), w = Draw(random, Channels * Channels * 9), y = new float[x.Length];
        var convolution = new FloatConvolution(geometry, Channels, 1, w, null);
        float[]? turned = channelsLast ? convolution.TurnWeights() : null;

        long before = GC.GetAllocatedBytesForCurrentThread();
        convolution.Run(x, turned, y);

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 5_000_000);
    }

    private static WindowAxis Axis(int input, int kernel, int stride, int dilation, int begin, int end) => new(
        input, kernel, stride, dilation, begin, end, ((input + begin + end - ((kernel - 1) * dilation) - 1) / stride) + 1);

    private static float[] Draw(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)random.NextDouble() - 0.5f)];
}
