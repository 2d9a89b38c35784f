using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization.Calibration;

/// <summary>
/// Searches the range with the least mean squared error of rounding and clipping together: first both ends shrink in proportion,
/// then each end by itself around the best.
/// </summary>
internal sealed class MeanSquaredErrorObserver : IRangeObserver
{
    private const int Candidates = 64;

    /// <inheritdoc/>
    public CalibrationMethod Method => CalibrationMethod.MeanSquaredError;

    /// <inheritdoc/>
    public ActivationRange Choose(Histogram values)
    {
        ActivationRange full = ActivationRange.Of(values.Low, values.High);
        if (values.BinWidth == 0)
            return full;
        ActivationRange best = full;
        double least = Error(values, full);

        void Try(double low, double high)
        {
            double error = Error(values, new(low, high));
            if (error < least)
                (least, best) = (error, new(low, high));
        }

        for (int i = 1; i < Candidates; i++)
        {
            double share = 1 - ((double)i / Candidates);
            Try(full.Low * share, full.High * share);
        }
        if (full.Low < 0 && full.High > 0)
        {
            double high = best.High;
            for (int i = 0; i < Candidates; i++)
                Try(full.Low * (1 - ((double)i / Candidates)), high);
            double low = best.Low;
            for (int i = 0; i < Candidates; i++)
                Try(low, full.High * (1 - ((double)i / Candidates)));
        }
        return best;
    }

    /// <summary>The summed squared error of a distribution under a range: the middle of each bin stands for its values.</summary>
    internal static double Error(Histogram values, ActivationRange range)
    {
        ActivationQuantization q = range.ToQuantization();
        double low = -q.ZeroPoint * q.Scale;
        double high = (ActivationRange.Levels - q.ZeroPoint) * q.Scale;

        // Inside the range a value is uniformly distributed between two levels unless bins are wider than steps.
        double rounding = q.Scale * q.Scale / 12;
        double error = 0;
        for (int i = 0; i < values.Counts.Length; i++)
        {
            long count = values.Counts[i];
            if (count == 0)
                continue;
            double x = values.Center(i);
            double beyond = x < low ? low - x : x > high ? x - high : 0;
            bool exactZero = Math.Abs(x) <= values.BinWidth / 2 && beyond == 0 && (values.Low == 0 || values.High == 0);
            error += count * (beyond > 0 ? beyond * beyond : exactZero ? 0 : rounding);
        }
        return error;
    }
}
