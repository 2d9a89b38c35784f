using OptimizerBuild.Operators.Numerics;
using OptimizerBuild.Options;

namespace OptimizerBuild.Compression.Quantization.Calibration;

/// <summary>
/// Chooses the clipping threshold whose quantised distribution differs least from the original one in Kullback–Leibler
/// divergence: the calibration scheme of S. Migacz, "8-bit Inference with TensorRT", GTC 2017. Two-sided tensors are searched
/// over absolute values with 128 levels a side, one-sided ones with 255 levels.
/// </summary>
internal sealed class EntropyObserver : IRangeObserver
{
    private const int Stride = 8;

    /// <inheritdoc/>
    public CalibrationMethod Method => CalibrationMethod.Entropy;

    /// <inheritdoc/>
    public ActivationRange Choose(Histogram values)
    {
        ActivationRange full = ActivationRange.Of(values.Low, values.High);
        if (values.BinWidth == 0)
            return full;
        bool twoSided = full.Low < 0 && full.High > 0;
        int levels = twoSided ? 128 : 255;
        Histogram absolute = values.Absolute();
        if (absolute.Counts.Length <= levels)
            return full;
        double threshold = Threshold(absolute, levels);
        return new(Math.Max(full.Low, -threshold), Math.Min(full.High, threshold));
    }

    /// <summary>The threshold with the least divergence among those of <paramref name="levels"/> bins or more.</summary>
    internal static double Threshold(Histogram absolute, int levels)
    {
        // Exact zeros are represented exactly whatever the threshold; in the tensors after a ReLU their number would drown the rest.
        long[] counts = (long[])absolute.Counts.Clone();
        counts[0] = 0;

        // outliers[i]: the number of values in bin i or above.
        var outliers = new long[counts.Length + 1];
        for (int i = counts.Length - 1; i >= 0; i--)
            outliers[i] = outliers[i + 1] + counts[i];
        if (outliers[0] == 0)
            return absolute.High;

        int best = counts.Length;
        double least = double.PositiveInfinity;
        for (int bins = levels; bins <= counts.Length; bins += Stride)
        {
            double divergence = Divergence(counts, bins, levels, outliers[bins]);
            if (divergence < least)
                (least, best) = (divergence, bins);
        }
        return best * absolute.BinWidth;
    }

    // KL(P ‖ Q): P is the distribution up to the threshold with the outliers added to its last bin; Q is the distribution without
    // them, merged into as many groups as there are levels, each spread evenly again over the bins of its group that are not empty.
    private static double Divergence(long[] counts, int bins, int levels, long outliers)
    {
        long inside = 0;
        for (int i = 0; i < bins; i++)
            inside += counts[i];
        if (inside == 0)
            return double.PositiveInfinity;
        double total = inside + outliers;
        double divergence = 0;
        for (int level = 0; level < levels; level++)
        {
            int start = (int)((long)level * bins / levels);
            int end = (int)((long)(level + 1) * bins / levels);
            long sum = 0;
            int filled = 0;
            for (int i = start; i < end; i++)
            {
                sum += counts[i];
                filled += counts[i] > 0 ? 1 : 0;
            }
            for (int i = start; i < end; i++)
            {
                double p = (counts[i] + (i == bins - 1 ? outliers : 0)) / total;
                if (p == 0)
                    continue;

                // A bin that holds only outliers is empty in Q; the smallest mass of one value stands in for it.
                double q = counts[i] > 0 ? (double)sum / filled / inside : 1.0 / (inside + 1.0);
                divergence += p * ElementaryFunctions.Log(p / q);
            }
        }
        return divergence;
    }
}
