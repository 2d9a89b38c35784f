using OptimizerBuild.Diagnostics;

namespace OptimizerBuild.Compression.Channels;

/// <summary>How many channels of each group vanish, so that a share of the model's multiply-accumulates does.</summary>
internal sealed class ChannelAmounts
{
    private readonly ChannelAnalysis _analysis;
    private readonly ChannelWork _work;
    private readonly int[] _units;
    private readonly int[] _least;

    /// <summary>The amounts of a model.</summary>
    /// <param name="analysis">The model's channels.</param>
    /// <param name="may">Whether channels of a group may vanish; null for all groups.</param>
    public ChannelAmounts(ChannelAnalysis analysis, Func<ChannelGroup, bool>? may = null)
    {
        _analysis = analysis;
        _work = new(analysis);
        _units = [.. analysis.Groups.Select(UnitOf)];
        _least = [.. analysis.Groups.Zip(_units, (g, unit) => may is null || may(g)
            ? Math.Min(Math.Max(unit, g.Channels.Length - new RemainingChannels(g).Take(g.Channels).Length), g.Channels.Length)
            : g.Channels.Length)];
    }

    /// <summary>The multiply-accumulates of the whole model.</summary>
    public long Whole => _work.Whole;

    /// <summary>
    /// In what steps the channels of a group are counted: kernels compute outputs in panels of eight and read inputs in fours, so that
    /// other numbers save bytes, but hardly time. Small groups have smaller steps.
    /// </summary>
    public int Unit(int group) => _units[group];

    /// <summary>The channels of a group that stay at least: one step, one along each axis, or all.</summary>
    public int Least(int group) => _least[group];

    /// <summary>As nearly the same share of each group as whole steps allow.</summary>
    /// <param name="share">The share of the multiply-accumulates that are to vanish at least.</param>
    /// <param name="metadata">The metadata that asks for it, for the message.</param>
    /// <exception cref="ModelException">So many cannot vanish.</exception>
    public int[] Uniform(double share, string metadata) => StepByStep(
        share, metadata, (group, _, after, _) => (double)after / _analysis.Groups[group].Channels.Length);

    /// <summary>
    /// Step by step from the group where a step costs least for the work it saves (H. Li et al. 2016, arXiv 1608.08710, section 3.2, look
    /// at the sensitivity of each layer; here it is taken into account in numbers).
    /// </summary>
    /// <param name="share">The share of the multiply-accumulates that are to vanish at least.</param>
    /// <param name="metadata">The metadata that asks for it, for the message.</param>
    /// <param name="cost">What a group costs when so many of its channels have vanished; never falling.</param>
    /// <exception cref="ModelException">So many cannot vanish.</exception>
    public int[] BySensitivity(double share, string metadata, Func<int, int, double> cost) => StepByStep(
        share, metadata, (group, before, after, saved) => (cost(group, after) - cost(group, before)) / saved);

    /// <summary>The share of each group that leaves so much of it, to the nearest whole step.</summary>
    /// <param name="width">The share that stays, above 0 and below 1.</param>
    public int[] ByWidth(double width) => [.. _analysis.Groups.Select((g, i) =>
    {
        int count = g.Channels.Length, kept = (int)Math.Round(width * count / _units[i], MidpointRounding.AwayFromZero) * _units[i];
        return count - Math.Clamp(kept, Least(i), count);
    })];

    // Takes the step with the lowest rank, again and again; ties go to the group that comes first.
    private int[] StepByStep(double share, string metadata, Func<int, int, int, double, double> rank)
    {
        Require(share, metadata);
        var removed = new int[_analysis.Groups.Length];
        while (!Enough(removed, share))
        {
            double left = _work.Left(removed), bestRank = double.PositiveInfinity;
            (int Group, int Count) best = (-1, 0);
            for (int g = 0; g < removed.Length; g++)
            {
                int before = removed[g], kept = _analysis.Groups[g].Channels.Length - before;
                int step = kept % _units[g] == 0 ? _units[g] : kept % _units[g];
                if (kept - step < Least(g))
                    continue;
                removed[g] = before + step;
                double saved = left - _work.Left(removed);
                removed[g] = before;
                if (saved > 0 && rank(g, before, before + step, saved) is var own && own < bestRank)
                    (bestRank, best) = (own, (g, before + step));
            }
            if (best.Group < 0)
                break;
            removed[best.Group] = best.Count;
        }
        return removed;
    }

    private bool Enough(int[] removed, double share) => _work.Left(removed) <= _work.Whole * (1 - share);

    private void Require(double share, string metadata)
    {
        int[] most = [.. _analysis.Groups.Select((g, i) => g.Channels.Length - Least(i))];
        double possible = _work.Whole == 0 ? 0 : 1 - (_work.Left(most) / _work.Whole);
        if (possible >= share)
            return;
        string[] obstacles = [.. _analysis.Groups.Where(g => g.Channels.IsEmpty).Select(g => $"{g.Name}: {g.Obstacle}").Take(3)];
        throw new ModelException(DiagnosticCatalog.TooFewChannels, metadata, share, Math.Floor(possible * 100) / 100,
            obstacles.Length == 0 ? "" : "; left alone are " + string.Join("; ", obstacles));
    }

    // A channel that stands for many places, such as an attention head, is a step of its own.
    private static int UnitOf(ChannelGroup group)
    {
        int count = group.Channels.Length;
        int places = group.Sites.Where(s => s.Role is ChannelRole.Makes or ChannelRole.Passes)
            .Select(s => s.Channels.Count(c => c >= 0) / Math.Max(count, 1)).DefaultIfEmpty(1).Min();
        return places > 1 || count < 8 ? 1 : count < 32 ? 4 : 8;
    }
}
