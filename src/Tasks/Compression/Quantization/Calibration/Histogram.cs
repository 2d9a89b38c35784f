namespace OptimizerBuild.Compression.Quantization.Calibration;

/// <summary>
/// How often the values of one tensor fall into each of a fixed number of equal bins between its least and its greatest value.
/// Counts are integers, so that they add up to the same histogram in whatever order samples arrive.
/// </summary>
internal sealed class Histogram
{
    /// <summary>The number of bins that calibration uses: that of the TensorRT calibration scheme.</summary>
    public const int DefaultBins = 2048;

    private readonly double _inverseWidth;

    /// <summary>An empty histogram between two values.</summary>
    public Histogram(double low, double high, int bins = DefaultBins)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bins, 1);
        if (!double.IsFinite(low) || !double.IsFinite(high) || low > high)
            throw new ArgumentOutOfRangeException(nameof(low), $"no interval: {low} to {high}");
        Low = low;
        High = high;
        Counts = new long[bins];
        BinWidth = (high - low) / bins;
        _inverseWidth = BinWidth > 0 ? 1 / BinWidth : 0;
    }

    /// <summary>The lower end of the first bin.</summary>
    public double Low { get; }

    /// <summary>The upper end of the last bin.</summary>
    public double High { get; }

    /// <summary>The width of a bin; 0 where all values are equal.</summary>
    public double BinWidth { get; }

    /// <summary>The number of values in each bin.</summary>
    public long[] Counts { get; }

    /// <summary>The number of values.</summary>
    public long Total => Counts.Sum();

    /// <summary>The middle of a bin.</summary>
    public double Center(int bin) => Low + ((bin + 0.5) * BinWidth);

    /// <summary>Counts values; those outside the interval go into the nearest bin, NaN is left out.</summary>
    public void Add(ReadOnlySpan<float> values, int step = 1)
    {
        float low = (float)Low;
        float inverse = (float)_inverseWidth;
        int last = Counts.Length - 1;
        for (int i = 0; i < values.Length; i += step)
        {
            float position = (values[i] - low) * inverse;
            if (position >= last)
                Counts[last]++;
            else if (position >= 0)
                Counts[(int)position]++;
            else if (position < 0)
                Counts[0]++;
        }
    }

    /// <summary>Adds another histogram's counts, bin by bin if both have the same bins, else by the middle of each of its bins.</summary>
    public void Add(Histogram other)
    {
        bool same = other.Low == Low && other.High == High && other.Counts.Length == Counts.Length;
        for (int i = 0; i < other.Counts.Length; i++)
        {
            int bin = same ? i : (int)Math.Clamp((other.Center(i) - Low) * _inverseWidth, 0, Counts.Length - 1);
            Counts[bin] += other.Counts[i];
        }
    }

    /// <summary>The histogram of the absolute values, over the same number of bins.</summary>
    public Histogram Absolute()
    {
        var absolute = new Histogram(0, Math.Max(Math.Abs(Low), Math.Abs(High)), Counts.Length);
        for (int i = 0; i < Counts.Length; i++)
        {
            double value = Math.Abs(Center(i));
            int bin = absolute.BinWidth > 0 ? (int)Math.Clamp(value / absolute.BinWidth, 0, Counts.Length - 1) : 0;
            absolute.Counts[bin] += Counts[i];
        }
        return absolute;
    }
}
