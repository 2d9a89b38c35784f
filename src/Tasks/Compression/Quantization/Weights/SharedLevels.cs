using System.Collections.Immutable;
using OptimizerBuild.Compression.Quantization.Calibration;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Weight sharing on integers (S. Han, H. Mao, W. Dally, "Deep Compression", arXiv 1510.00149, section 3): the integers of a layer take few
/// different values. They are clusters of the weights in units of their channels' scales; the scales are fitted to what
/// the weights become, and both again, a few times. An error counts as much as the variance of its input.
/// </summary>
internal static class SharedLevels
{
    private const int Rounds = 4;

    private const int FewestWithZero = 4;

    /// <summary>Chooses levels and scales.</summary>
    /// <param name="layer">The float weights.</param>
    /// <param name="rows">Rounded weights to start from.</param>
    /// <param name="moments">Variances of the inputs; null: alike.</param>
    /// <param name="count">How many different levels there may be; at least 2.</param>
    public static (WeightLevels Levels, double[] Scales) Fit(DotProductLayer layer, QuantizedRows rows, ChannelMoments? moments, int count)
    {
        var scales = (double[])rows.Scales.Clone();
        int highest = rows.Levels.Highest;
        double mean = moments is null ? 0 : Enumerable.Range(0, moments.Channels).Average(moments.Variance);
        WeightLevels levels = rows.Levels;

        // What fills up the layout is zero, too, so that a level of its own saves a bit there; among two or three it would be missed.
        bool withZero = count >= FewestWithZero || layer.Weights.Contains(0);
        for (int round = 0; round < Rounds; round++)
        {
            // Half levels count apart, so that means lie where the weights do.
            var counts = new SortedDictionary<int, double>();
            for (int c = 0; c < layer.Channels; c++)
                for (int k = 0; k < layer.Length; k++)
                {
                    double weight = layer.Weights[layer.Index(c, k)];
                    if (weight == 0)
                        continue;
                    int place = (int)Math.Round(Math.Clamp(4 * weight / scales[c], -4 * highest, 4 * highest));
                    counts[place] = counts.GetValueOrDefault(place) + (scales[c] * scales[c] * Importance(c, k));
                }
            if (counts.Count == 0)
                return (levels, scales);
            levels = Levels([.. counts.Select(p => (p.Key / 4.0, p.Value))], count, withZero);
            for (int c = 0; c < layer.Channels; c++)
                scales[c] = Fitted(c);
        }
        return (levels, scales);

        // An input that never moved on the calibration data may do so later: it keeps a small weight. Where none moved, all count alike.
        double Importance(int channel, int k) => mean > 0 ? (moments!.Variance(layer.InputChannel(channel, k)) / mean) + 1e-3 : 1;

        // The scale with the least error for the levels that the weights have now.
        double Fitted(int channel)
        {
            double products = 0, squares = 0;
            for (int k = 0; k < layer.Length; k++)
            {
                double weight = layer.Weights[layer.Index(channel, k)], level = levels.Nearest(weight / scales[channel]);
                products += weight * level * Importance(channel, k);
                squares += level * level * Importance(channel, k);
            }
            return squares > 0 && products > 0 ? products / squares : scales[channel];
        }
    }

    // With zero there is one cluster less, unless one lies there anyway.
    private static WeightLevels Levels((double, double)[] points, int count, bool withZero)
    {
        ImmutableArray<double> means = KMeans.Means(points, count);
        if (!withZero || means.Any(m => Math.Round(m) == 0))
            return WeightLevels.Of(means.Select(m => (int)Math.Round(m)));
        return WeightLevels.Of(KMeans.MeansBesideZero(points, count - 1).Select(m => (int)Math.Round(m)).Append(0));
    }
}
