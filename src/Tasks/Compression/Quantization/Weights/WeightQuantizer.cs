using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Compression.SecondOrder;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Rounds the weights of a dot product to s8, symmetric for each output channel. A channel's scale is that of its largest weight or,
/// where it promises a smaller output error, a lower one that clips the largest weights.
/// </summary>
/// <remarks>
/// The output error of a channel with weight errors e and inputs x of mean μ and variance σ² is taken as
/// <c>Σ e[k]² σ[k]² + (Σ e[k] μ[k])²</c>, as if inputs were uncorrelated; the second term is dropped where the bias takes it up.
/// </remarks>
internal static class WeightQuantizer
{
    /// <summary>The greatest magnitude of a rounded weight.</summary>
    public const int Highest = 127;

    // Scales below this share of the layer's largest one are raised to it: all channels share one requantisation shift, and the
    // multiplier of a nearly dead channel would keep too few bits.
    private const double LeastShare = 1.0 / (1 << 14);

    // A bias may use half of the accumulator's range, the products the rest.
    private const double GreatestBias = 1 << 30;

    /// <summary>Chooses scales and rounds the weights.</summary>
    /// <param name="layer">The weights.</param>
    /// <param name="moments">Means and variances of the input's channels; null to let the largest weight decide.</param>
    /// <param name="correctsBias">Whether the bias will take up the mean of the error.</param>
    /// <param name="bound">A bound that neighbouring weights keep; null for none.</param>
    /// <param name="levels">The integers that weights may become; null for all of 8 bits.</param>
    /// <param name="walks">For each group what makes up for errors of rounding; null to round each weight to the nearest level.</param>
    /// <param name="groupInputs">Input channels that share a factor (<see cref="GroupFactors"/>); 0: no factors.</param>
    public static QuantizedRows Round(
        DotProductLayer layer, ChannelMoments? moments, bool correctsBias, PairBound? bound = null, WeightLevels? levels = null,
        IReadOnlyList<CompensatedWalk>? walks = null, int groupInputs = 0)
    {
        levels ??= WeightLevels.Bits8;
        if (groupInputs > 0)
        {
            (GroupFactors factors, double[] ofChannels) = GroupFactors.Choose(layer, groupInputs, moments, levels);
            return Round(layer, ofChannels, bound, levels, walks, factors);
        }
        var scales = new double[layer.Channels];
        Parallel.For(0, layer.Channels, c => scales[c] = ChooseScale(layer, moments, c, correctsBias, bound, levels));
        return Round(layer, scales, bound, levels, walks);
    }

    /// <summary>Rounds the weights with given scales, which are raised where they are too small beside the others.</summary>
    public static QuantizedRows Round(
        DotProductLayer layer, double[] scales, PairBound? bound, WeightLevels levels, IReadOnlyList<CompensatedWalk>? walks,
        GroupFactors? factors = null)
    {
        double greatest = scales.Max();
        if (greatest == 0)
            Array.Fill(scales, 1.0 / Highest);
        for (int c = 0; c < scales.Length; c++)
            scales[c] = ActivationRange.RepresentableScale(greatest == 0 ? scales[c] : Math.Max(scales[c], greatest * LeastShare));

        var values = new sbyte[layer.Weights.Length];
        if (walks is null)
            for (int c = 0; c < layer.Channels; c++)
                RoundChannel(layer, c, scales[c], bound, levels, factors, values);
        else
            Parallel.For(0, layer.Channels, c =>
                Compensated(layer, c, scales[c], bound, levels, factors, walks[c / (layer.Channels / layer.Groups)], values));
        return new(values, scales, bound) { Levels = levels, Factors = factors };
    }

    // A weight that is zero stays zero: it was pruned, or its zeros are worth something in a code.
    private static void Compensated(
        DotProductLayer layer, int channel, double scale, PairBound? bound, WeightLevels levels, GroupFactors? factors,
        CompensatedWalk walk, sbyte[] values)
    {
        var weights = new double[layer.Length];
        for (int k = 0; k < weights.Length; k++)
            weights[k] = layer.Weights[layer.Index(channel, k)];
        var rounded = new int?[layer.Length];
        walk.Run(weights, (k, value) =>
        {
            int factor = factors?.Of(channel, k) ?? 1;
            int level = layer.Weights[layer.Index(channel, k)] == 0 ? 0 : factor * levels.Nearest(value / (scale * factor));
            level = bound?.Limited(channel, scale, k, value, level, rounded) ?? level;
            rounded[k] = level;
            values[layer.Index(channel, k)] = (sbyte)level;
            return level * scale;
        });
    }

    /// <summary>
    /// Adds the biases in units of input scale · weight scale. A channel whose bias would not fit gets a larger weight scale.
    /// </summary>
    /// <param name="layer">The float weights and biases.</param>
    /// <param name="rows">The rounded weights.</param>
    /// <param name="inputScale">The input's scale.</param>
    /// <param name="moments">Means of the input's channels, to correct the bias by the mean of the weights' errors; null for no
    /// correction.</param>
    public static WeightQuantization WithBias(DotProductLayer layer, QuantizedRows rows, double inputScale, ChannelMoments? moments)
    {
        var values = (sbyte[])rows.Values.Clone();
        var scales = (double[])rows.Scales.Clone();
        var bias = new int[layer.Channels];
        for (int c = 0; c < layer.Channels; c++)
        {
            double real = float.IsFinite(layer.Bias[c]) ? layer.Bias[c] : 0;
            double least = Math.Abs(real) / (inputScale * GreatestBias);
            if (scales[c] < least)
            {
                scales[c] = ActivationRange.RepresentableScale(least * 1.0001);
                RoundChannel(layer, c, scales[c], rows.Bound, rows.Levels, rows.Factors, values);
            }
            if (moments is not null)
                real += MeanError(layer, moments, c, scales[c], values);
            bias[c] = (int)Math.Clamp(Math.Round(real / (inputScale * scales[c])), -GreatestBias, GreatestBias);
        }
        return new(values, scales, bias) { GroupInputs = rows.Factors?.Inputs ?? 0 };
    }

    /// <summary>The error of rounded weights in proportion to the weights, both weighted by the variances of their inputs.</summary>
    public static double Noise(DotProductLayer layer, QuantizedRows rows, ChannelMoments? moments)
    {
        double noise = 0, signal = 0;
        for (int c = 0; c < layer.Channels; c++)
            for (int k = 0; k < layer.Length; k++)
            {
                int index = layer.Index(c, k);
                double importance = moments?.Variance(layer.InputChannel(c, k)) ?? 1, weight = layer.Weights[index];
                double error = weight - (rows.Scales[c] * rows.Values[index]);
                noise += error * error * importance;
                signal += weight * weight * importance;
            }
        return signal > 0 ? noise / signal : 0;
    }

    // Σ μ[k] (w[k] − ŵ[k]): what the float layer's mean output exceeds the rounded one's by.
    private static double MeanError(DotProductLayer layer, ChannelMoments moments, int channel, double scale, sbyte[] values)
    {
        double error = 0;
        for (int k = 0; k < layer.Length; k++)
        {
            int index = layer.Index(channel, k);
            error += moments.Mean(layer.InputChannel(channel, k)) * (layer.Weights[index] - (scale * values[index]));
        }
        return error;
    }

    private static double ChooseScale(
        DotProductLayer layer, ChannelMoments? moments, int channel, bool correctsBias, PairBound? bound, WeightLevels grid)
    {
        if (grid.IsSigns)
            return SignScales.Of(layer, channel, grid, moments);
        int highest = grid.Highest;
        double greatest = 0;
        for (int k = 0; k < layer.Length; k++)
            greatest = Math.Max(greatest, Math.Abs(layer.Weights[layer.Index(channel, k)]));
        if (greatest == 0 || (moments is null && bound is null && highest == Highest))
            return greatest / highest;

        var means = new double[layer.Length];
        var variances = new double[layer.Length];
        double power = 0;
        for (int k = 0; k < layer.Length; k++)
        {
            int input = layer.InputChannel(channel, k);
            means[k] = moments?.Mean(input) ?? 0;
            variances[k] = moments?.Variance(input) ?? 1;
            power += variances[k] + (means[k] * means[k]);
        }

        // An input that never moved on the calibration data may do so later: it keeps a small weight in the error.
        double floor = Math.Max(power / layer.Length * 1e-3, double.Epsilon);
        var levels = new int[layer.Length];

        double best = greatest / highest;
        double least = double.PositiveInfinity;

        // Twice the scale of the largest weight halves all weights, with which any pair keeps the bound.
        // With few levels the steps between them cost more than what is cut off.
        for (int percent = bound is null ? 100 : 200; percent >= (highest == Highest ? 50 : 30); percent -= 2)
        {
            double scale = greatest * percent / 100 / highest;
            double error = Error(scale);
            if (error < least)
                (least, best) = (error, scale);
        }
        return best;

        double Error(double scale)
        {
            Round(layer, channel, scale, bound, grid, null, levels);
            double error = 0;
            double mean = 0;
            for (int k = 0; k < levels.Length; k++)
            {
                double e = layer.Weights[layer.Index(channel, k)] - (scale * levels[k]);
                error += e * e * (variances[k] + floor);
                mean += e * means[k];
            }
            return correctsBias ? error : error + (mean * mean);
        }
    }

    private static void RoundChannel(
        DotProductLayer layer, int channel, double scale, PairBound? bound, WeightLevels grid, GroupFactors? factors, sbyte[] values)
    {
        var levels = new int[layer.Length];
        Round(layer, channel, scale, bound, grid, factors, levels);
        for (int k = 0; k < levels.Length; k++)
            values[layer.Index(channel, k)] = (sbyte)levels[k];
    }

    private static void Round(
        DotProductLayer layer, int channel, double scale, PairBound? bound, WeightLevels grid, GroupFactors? factors, int[] levels)
    {
        for (int k = 0; k < levels.Length; k++)
        {
            int factor = factors?.Of(channel, k) ?? 1;
            levels[k] = layer.Weights[layer.Index(channel, k)] is not 0 and float weight
                ? factor * grid.Nearest(weight / (scale * factor)) : 0;
        }
        bound?.Apply(channel, scale, levels);
    }
}

/// <summary>Rounded weights before the input's scale, and with it the bias, is known.</summary>
/// <param name="Values">The weights in the order of the node's weight tensor.</param>
/// <param name="Scales">One scale for each output channel.</param>
/// <param name="Bound">The bound that neighbouring weights keep; null for none.</param>
internal sealed record QuantizedRows(sbyte[] Values, double[] Scales, PairBound? Bound = null)
{
    /// <summary>The integers that weights may become.</summary>
    public WeightLevels Levels { get; init; } = WeightLevels.Bits8;

    /// <summary>What weights are multiplied by where groups of inputs have scales of their own; null where they have not.</summary>
    public GroupFactors? Factors { get; init; }
}
