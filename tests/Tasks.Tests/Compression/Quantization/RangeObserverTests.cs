using FsCheck.Fluent;
using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.Quantization.Simulation;
using OptimizerBuild.Testing;

namespace OptimizerBuild.Compression.Quantization;

/// <summary>Histograms, range observers and the quantisation that follows from a range.</summary>
public class RangeObserverTests
{
    [Fact]
    public void HistogramCountsEveryFiniteValueOnce()
    {
        var histogram = new Histogram(-1, 3, 8);
        histogram.Add([-1f, -0.51f, -0.49f, 0f, 2.99f, 3f, 100f, -100f, float.NaN]);
        Assert.Equal([3, 1, 1, 0, 0, 0, 0, 3], histogram.Counts);
    }

    [Fact]
    public void MergedHistogramHoldsBothParts()
    {
        var wide = new Histogram(0, 8, 4);
        var narrow = new Histogram(0, 2, 2);
        narrow.Add([0.5f, 1.5f, 1.5f]);
        wide.Add([7f]);
        wide.Add(narrow);
        Assert.Equal([3, 0, 0, 1], wide.Counts);
    }

    [Fact]
    public void AbsoluteHistogramFoldsNegativeValues()
    {
        var histogram = new Histogram(-2, 1, 6);
        histogram.Add([-1.9f, -0.6f, 0.6f]);
        Histogram absolute = histogram.Absolute();
        Assert.Equal(3, absolute.Total);
        Assert.Equal(1, absolute.Counts[^1]);
    }

    [Theory]
    [InlineData(0, 6, 0)]
    [InlineData(-3, 0, 255)]
    [InlineData(1, 6, 0)]
    [InlineData(-6, -1, 255)]
    [InlineData(-1, 3, 64)]
    public void ZeroIsExact(double low, double high, int zeroPoint)
    {
        ActivationQuantization q = ActivationRange.Of(low, high).ToQuantization();
        Assert.Equal(zeroPoint, q.ZeroPoint);
        Assert.Equal(q.Scale, (float)q.Scale);
        Assert.Equal(0f, QuantizedTensor.Of(Graphs.Tensor.Of([0f], 1), q).ToFloat().Values<float>()[0]);
    }

    [Theory]
    [InlineData(0, 0)]
    [InlineData(double.NaN, 1)]
    [InlineData(0, double.PositiveInfinity)]
    public void DegenerateRangeHasAnOrdinaryScale(double low, double high)
    {
        ActivationQuantization q = new ActivationRange(low, high).ToQuantization();
        Assert.InRange(q.Scale, 1e-3, 1);
        Assert.Equal(0, q.ZeroPoint);
    }

    [Fact]
    public void EveryRangeRoundsItsValuesToHalfAStep() => PropertyCheck.Holds(ArbMap.Default.ArbFor<(double, double)>(), ends =>
    {
        (double a, double b) = ends;
        if (!double.IsFinite(a) || !double.IsFinite(b) || Math.Abs(a) > 1e20 || Math.Abs(b) > 1e20)
            return;
        ActivationQuantization q = ActivationRange.Of(Math.Min(a, b), Math.Max(a, b)).ToQuantization();
        float[] values = [(float)a, (float)b, (float)((a + b) / 2)];
        float[] back = QuantizedTensor.Of(Graphs.Tensor.Of(values, 3), q).ToFloat().Values<float>();

        // The zero point moves the ends by up to half a step, rounding takes up to another half.
        Assert.All(values.Zip(back), p => Assert.InRange(Math.Abs(p.First - p.Second), 0, q.Scale * 1.01));
    }, 100);

    [Fact]
    public void MinMaxKeepsOutliers()
    {
        ActivationRange range = new MinMaxObserver().Choose(WithOutlier());
        Assert.Equal(0, range.Low);
        Assert.Equal(100, range.High);
    }

    [Fact]
    public void PercentileCutsOutliers()
    {
        ActivationRange range = new PercentileObserver(0.9999).Choose(WithOutlier());
        Assert.Equal(0, range.Low);
        Assert.InRange(range.High, 3.9, 4.2);
    }

    [Fact]
    public void PercentileCutsBothTails()
    {
        var histogram = new Histogram(-50, 100);
        histogram.Add([.. Enumerable.Range(0, 20001).Select(i => (i - 10000) / 10000f), -50f, 100f]);
        ActivationRange range = new PercentileObserver(0.9998).Choose(histogram);
        Assert.InRange(range.Low, -1.1, -0.9);
        Assert.InRange(range.High, 0.9, 1.1);
    }

    [Fact]
    public void MeanSquaredErrorClipsWhatIsNotWorthItsSteps()
    {
        Histogram values = WithOutlier();
        var observer = new MeanSquaredErrorObserver();
        ActivationRange range = observer.Choose(values);
        Assert.True(range.High < 100);
        Assert.True(MeanSquaredErrorObserver.Error(values, range) < MeanSquaredErrorObserver.Error(values, new(0, 100)));
        Assert.True(MeanSquaredErrorObserver.Error(values, range) <= MeanSquaredErrorObserver.Error(values, new(0, 4)));
    }

    [Fact]
    public void MeanSquaredErrorOfAHistogramIsThatOfItsValues()
    {
        // Uniform values between two levels have the error step²/12; one value beyond the range adds its distance squared.
        var histogram = new Histogram(0, 2, 2000);
        histogram.Add([.. Enumerable.Range(0, 1000).Select(i => (i + 0.5f) / 1000), 2f]);
        double step = new ActivationRange(0, 1).ToQuantization().Scale;
        double expected = (1000 * step * step / 12) + 1;
        Assert.InRange(MeanSquaredErrorObserver.Error(histogram, new(0, 1)), expected * 0.99, expected * 1.01);
    }

    [Fact]
    public void EntropyCutsALongTail()
    {
        // An exponential distribution: most of the range holds next to nothing.
        var random = new Random(1);
        float[] values = [.. Enumerable.Range(0, 100000).Select(_ => (float)-Math.Log(1 - random.NextDouble()))];
        var histogram = new Histogram(0, 200);
        histogram.Add(values);
        ActivationRange range = new EntropyObserver().Choose(histogram);
        Assert.InRange(range.High, 5, 60);
    }

    [Fact]
    public void EntropyKeepsAUniformDistribution()
    {
        var histogram = new Histogram(-1, 1);
        histogram.Add([.. Enumerable.Range(0, 20000).Select(i => (i / 10000f) - 1)]);
        ActivationRange range = new EntropyObserver().Choose(histogram);
        Assert.InRange(range.High, 0.95, 1);
        Assert.InRange(range.Low, -1, -0.95);
    }

    [Fact]
    public void EveryObserverGivesARangeInsideTheExtremes()
    {
        foreach (Histogram histogram in (Histogram[])[WithOutlier(), new Histogram(0, 0), Constant(3), Constant(-3)])
            foreach (IRangeObserver observer in (IRangeObserver[])[new MinMaxObserver(), new PercentileObserver(0.9999),
                new EntropyObserver(), new MeanSquaredErrorObserver()])
            {
                ActivationRange range = observer.Choose(histogram);
                Assert.InRange(range.Low, Math.Min(histogram.Low, 0), 0);
                Assert.InRange(range.High, 0, Math.Max(histogram.High, 0));
            }
    }

    private static Histogram Constant(float value)
    {
        var histogram = new Histogram(value, value);
        histogram.Add([value, value]);
        return histogram;
    }

    // 20,000 values between 0 and 4, one of 100.
    private static Histogram WithOutlier()
    {
        var histogram = new Histogram(0, 100);
        histogram.Add([.. Enumerable.Range(0, 20000).Select(i => i / 5000f), 100f]);
        return histogram;
    }
}
