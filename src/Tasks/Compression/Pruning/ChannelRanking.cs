using OptimizerBuild.Compression.Channels;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators.Numerics;

namespace OptimizerBuild.Compression.Pruning;

/// <summary>The order in which the channels of a group vanish, the one that is missed least first.</summary>
/// <param name="Order">The channels' numbers; those beyond it never vanish.</param>
/// <param name="Errors">
/// What has been lost when as many channels as the place says have vanished: 0 for none, never falling; one more than there are in the
/// order. The unit is the ranking's own.
/// </param>
internal sealed record ChannelRanking(int[] Order, double[] Errors)
{
    /// <summary>
    /// Channels by the sum of the magnitudes of the weights that make them (H. Li et al. 2016, arXiv 1608.08710, section 3.1), each layer
    /// in proportion to its mean and averaged over the layers that make the channel (DepGraph, arXiv 2301.12900, section 3.4, adds up,
    /// which gives the same order where all channels of a group have equally many layers).
    /// </summary>
    public static ChannelRanking ByMagnitude(ChannelAnalysis analysis, ChannelGroup group)
    {
        var sums = group.Channels.ToDictionary(c => c, _ => 0.0);
        var layers = group.Channels.ToDictionary(c => c, _ => 0);
        foreach (ChannelSite site in group.Sites.Where(s => s.Role is ChannelRole.Makes or ChannelRole.Passes))
        {
            Tensor weights = analysis.Graph.Constant(analysis.ContextOf(site.Node).Node.Input(site.Input))!;
            double[] places = Magnitudes(weights, site.Axis);
            double mean = LaneSums.Sum<double>(places) / places.Length;
            if (!(mean > 0))
                continue;
            foreach (IGrouping<int, int> channel in site.Places)
            {
                sums[channel.Key] += channel.Sum(p => places[p]) / channel.Count() / mean;
                layers[channel.Key]++;
            }
        }
        foreach ((int channel, int count) in layers)
            sums[channel] /= Math.Max(count, 1);
        return ByScores(group, sums, group.Channels.OrderBy(c => sums[c]).Sum(c => sums[c]));
    }

    /// <summary>Channels by what the loss of each costs, which adds up.</summary>
    /// <param name="group">The group.</param>
    /// <param name="scores">What each channel costs, by its number.</param>
    /// <param name="unit">By what the errors are divided.</param>
    public static ChannelRanking ByScores(ChannelGroup group, IReadOnlyDictionary<int, double> scores, double unit)
    {
        int[] order = new RemainingChannels(group).Take([.. group.Channels.OrderBy(c => scores[c])]);
        var errors = new double[order.Length + 1];
        for (int i = 0; i < order.Length; i++)
            errors[i + 1] = errors[i] + (unit > 0 ? scores[order[i]] / unit : 0);
        return new(order, errors);
    }

    private static double[] Magnitudes(Tensor weights, int axis)
    {
        float[] values = weights.Values<float>();
        int inner = Shapes.Count(weights.Dimensions.AsSpan()[(axis + 1)..]), count = weights.Dimensions[axis];
        var sums = new double[count];
        for (int i = 0; i < values.Length; i++)
            sums[i / inner % count] += Math.Abs((double)values[i]);
        return sums;
    }
}
