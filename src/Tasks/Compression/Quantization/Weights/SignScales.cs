using OptimizerBuild.Compression.Quantization.Calibration;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Scales of output channels whose weights become −1, 0 and 1 (F. Li, B. Zhang, B. Liu, "Ternary Weight Networks", arXiv 1605.04711,
/// section 2.2) or −1 and 1 (M. Rastegari et al., "XNOR-Net", arXiv 1603.05279, section 3.1) times the scale.
/// </summary>
/// <remarks>
/// The paper on ternary weights takes 0.7 times the mean magnitude as the threshold below which weights become 0, which is the best one for
/// weights of a normal distribution. Here it is the best one for the weights that there are: for any scale the weights beyond half of it
/// become signs, so that only the numbers of greatest weights have to be tried.
/// </remarks>
internal static class SignScales
{
    // An input that never moved on the calibration data may do so later.
    private const double Floor = 1e-3;

    /// <summary>The scale with the least squared error, each weight's weighted by the variance of its input.</summary>
    /// <param name="layer">The weights.</param>
    /// <param name="channel">The output channel.</param>
    /// <param name="levels">−1, 0 and 1, or −1 and 1.</param>
    /// <param name="moments">Variances of the inputs; null: alike.</param>
    /// <returns>The scale; 0 where all weights are 0.</returns>
    public static double Of(DotProductLayer layer, int channel, WeightLevels levels, ChannelMoments? moments)
    {
        double mean = moments is null ? 0 : Enumerable.Range(0, moments.Channels).Average(moments.Variance);
        (double Magnitude, double Importance)[] weights = [.. Enumerable.Range(0, layer.Length)
            .Select(k => ((double)Math.Abs(layer.Weights[layer.Index(channel, k)]),
                mean > 0 ? (moments!.Variance(layer.InputChannel(channel, k)) / mean) + Floor : 1))
            .Where(w => w.Item1 > 0).OrderByDescending(w => w.Item1)];

        // With signs for the n greatest weights the best scale is their mean, and the error falls by its square times their number.
        (double sum, double count, double best, double scale) = (0, 0, 0, 0);
        for (int n = 0; n < weights.Length; n++)
        {
            sum += weights[n].Magnitude * weights[n].Importance;
            count += weights[n].Importance;
            if (levels == WeightLevels.Binary && n < weights.Length - 1)
                continue;
            if (sum * sum / count > best)
                (best, scale) = (sum * sum / count, sum / count);
        }
        return scale;
    }

    /// <summary>The scales with the least error of the layer's outputs for signs that are given.</summary>
    /// <param name="layer">The float weights.</param>
    /// <param name="rows">The signs.</param>
    /// <param name="hessian">Second moments of the inputs of a group, damped.</param>
    public static double[] Fit(DotProductLayer layer, QuantizedRows rows, Func<int, double[]> hessian)
    {
        var scales = (double[])rows.Scales.Clone();
        int perGroup = layer.Channels / layer.Groups, size = layer.Length;
        for (int g = 0; g < layer.Groups; g++)
        {
            double[] moments = hessian(g);
            Parallel.For(g * perGroup, (g + 1) * perGroup, c =>
            {
                // The least of (w − s·q)ᵀ H (w − s·q) over s.
                (double products, double squares) = (0, 0);
                for (int i = 0; i < size; i++)
                {
                    (double weighted, double signs) = (0, 0);
                    for (int k = 0; k < size; k++)
                    {
                        double h = moments[(i * size) + k];
                        weighted += h * layer.Weights[layer.Index(c, k)];
                        signs += h * rows.Values[layer.Index(c, k)];
                    }
                    products += rows.Values[layer.Index(c, i)] * weighted;
                    squares += rows.Values[layer.Index(c, i)] * signs;
                }
                if (products > 0 && squares > 0)
                    scales[c] = products / squares;
            });
        }
        return scales;
    }
}
