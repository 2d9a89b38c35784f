using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization.Calibration;

/// <summary>Leaves out a small share of the values, half of it at each end that lies away from 0.</summary>
/// <param name="kept">The share of values that stay inside the range, for example 0.9999.</param>
internal sealed class PercentileObserver(double kept) : IRangeObserver
{
    /// <inheritdoc/>
    public CalibrationMethod Method => CalibrationMethod.Percentile;

    /// <inheritdoc/>
    public ActivationRange Choose(Histogram values)
    {
        long total = values.Total;
        if (total == 0 || values.BinWidth == 0)
            return ActivationRange.Of(values.Low, values.High);

        // A tensor of one sign has only one tail to cut.
        int tails = values.Low < 0 && values.High > 0 ? 2 : 1;
        long cut = (long)Math.Floor(total * (1 - kept) / tails);
        double low = values.Low;
        double high = values.High;
        if (values.Low < 0)
            low = values.Low + (Edge(values.Counts, cut, forwards: true) * values.BinWidth);
        if (values.High > 0)
            high = values.High - (Edge(values.Counts, cut, forwards: false) * values.BinWidth);
        return ActivationRange.Of(low, high);
    }

    // How many bins at one end hold together no more than the values to cut.
    private static int Edge(long[] counts, long cut, bool forwards)
    {
        long seen = 0;
        for (int i = 0; i < counts.Length; i++)
        {
            seen += counts[forwards ? i : counts.Length - 1 - i];
            if (seen > cut)
                return i;
        }
        return 0;
    }
}
