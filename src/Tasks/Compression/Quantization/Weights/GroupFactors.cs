using OptimizerBuild.Compression.Quantization.Calibration;
using OptimizerBuild.Kernels;

namespace OptimizerBuild.Compression.Quantization.Weights;

/// <summary>
/// Scales for groups of input channels instead of one for each output channel (E. Frantar et al., "GPTQ", arXiv 2210.17323, section 4,
/// "grouping"), as small integers: a weight of four bits is an integer of −7…7 times the factor of its group, 1 to 9, times the scale of
/// its output channel. The product of integer and factor is what kernels that know s8 only read, so that all arithmetic stays that of s8
/// weights, and two neighbours keep the bound on pair sums, since 2 · 7 · 9 ≤ 128.
/// </summary>
internal sealed class GroupFactors
{
    // An input that never moved on the calibration data may do so later: it keeps a small weight in the error.
    private const double Floor = 1e-3;

    // The channel's scale is tried so many twentieths beside a ninth of the greatest group's.
    private const int Around = 3;

    private readonly DotProductLayer _layer;
    private readonly byte[] _factors;
    private readonly int _groups;

    private GroupFactors(DotProductLayer layer, int inputs)
    {
        _layer = layer;
        Inputs = inputs;
        _groups = (InputsOf(layer) + inputs - 1) / inputs;
        _factors = new byte[layer.Channels * _groups];
    }

    /// <summary>Input channels of a group.</summary>
    public int Inputs { get; }

    /// <summary>
    /// The input channels of a group in a layer: those that are asked for, or 0 where the layer has no more of them, or numbers of them
    /// of which kernels read no four at a time (depthwise layers have one).
    /// </summary>
    /// <param name="layer">The layer.</param>
    /// <param name="asked">Input channels that share a factor, a multiple of 4; 0: all.</param>
    public static int InputsFor(DotProductLayer layer, int asked) =>
        asked > 0 && InputsOf(layer) % 4 == 0 && InputsOf(layer) > asked ? asked : 0;

    /// <summary>Chooses the factors and the scales of all output channels.</summary>
    /// <param name="layer">The weights.</param>
    /// <param name="inputs">Input channels of a group, as <see cref="InputsFor"/> says.</param>
    /// <param name="moments">Variances of the inputs; null: alike.</param>
    /// <param name="levels">The integers that weights become before they are multiplied.</param>
    public static (GroupFactors Factors, double[] Scales) Choose(
        DotProductLayer layer, int inputs, ChannelMoments? moments, WeightLevels levels)
    {
        var factors = new GroupFactors(layer, inputs);
        var scales = new double[layer.Channels];
        double mean = moments is null ? 0 : Enumerable.Range(0, moments.Channels).Average(moments.Variance);
        Parallel.For(0, layer.Channels, c => scales[c] = factors.Choose(c, moments, mean, levels));
        return (factors, scales);
    }

    /// <summary>The factor of the weight of an output channel and a position of its sum.</summary>
    public int Of(int channel, int k) => _factors[(channel * _groups) + Group(channel, k)];

    private static int InputsOf(DotProductLayer layer) => layer.InputChannels / layer.Groups;

    private int Group(int channel, int k) =>
        (_layer.InputChannel(channel, k) - _layer.InputChannel(channel, 0)) / Inputs;

    private double Choose(int channel, ChannelMoments? moments, double mean, WeightLevels levels)
    {
        var groups = new (double Weight, double Importance)[_groups][];
        for (int g = 0; g < _groups; g++)
            groups[g] = [.. Enumerable.Range(0, _layer.Length).Where(k => Group(channel, k) == g).Select(k =>
                ((double)_layer.Weights[_layer.Index(channel, k)],
                    mean > 0 ? (moments!.Variance(_layer.InputChannel(channel, k)) / mean) + Floor : 1))];

        // Steps between few levels cost more than what is cut off, so that scales down to 30 % of the greatest weight's are tried.
        double greatest = 0;
        foreach ((double Weight, double Importance)[] group in groups)
        {
            double reach = group.Max(w => Math.Abs(w.Weight));
            (double best, double least) = (0, double.PositiveInfinity);
            for (int percent = 100; percent >= 30 && reach > 0; percent -= 2)
                if (Error(group, reach * percent / 100 / levels.Highest, levels) is var error && error < least)
                    (least, best) = (error, reach * percent / 100 / levels.Highest);
            greatest = Math.Max(greatest, best);
        }

        Span<byte> own = _factors.AsSpan(channel * _groups, _groups);
        own.Fill(1);
        if (greatest == 0)
            return 0;
        (double scale, double fewest) = (0, double.PositiveInfinity);
        var tried = new byte[_groups];
        for (int step = -Around; step <= Around; step++)
        {
            double unit = greatest / Int4Packing.GreatestFactor * (1 + (step / 20.0));
            double sum = 0;
            for (int g = 0; g < _groups; g++)
            {
                double least = double.PositiveInfinity;
                for (int factor = 1; factor <= Int4Packing.GreatestFactor; factor++)
                    if (Error(groups[g], unit * factor, levels) is var error && error < least)
                        (least, tried[g]) = (error, (byte)factor);
                sum += least;
            }
            if (sum < fewest)
            {
                (fewest, scale) = (sum, unit);
                tried.CopyTo(own);
            }
        }
        return scale;
    }

    private static double Error((double Weight, double Importance)[] weights, double scale, WeightLevels levels)
    {
        double sum = 0;
        foreach ((double weight, double importance) in weights)
        {
            double error = weight - (scale * levels.Nearest(weight / scale));
            sum += error * error * importance;
        }
        return sum;
    }
}
