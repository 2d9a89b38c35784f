namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// The channels of a group while they vanish one by one: the last one along an axis of any value or constant stays, since a part of a
/// Split, for example, may hold a few of a group's channels only, and nothing can be computed from none.
/// </summary>
internal sealed class RemainingChannels
{
    private readonly Dictionary<int, List<int>> _axesOf = [];
    private readonly int[] _left;

    /// <summary>All channels of a group.</summary>
    public RemainingChannels(ChannelGroup group)
    {
        _left = [.. group.Axes.Select(a => a.Length)];
        for (int a = 0; a < _left.Length; a++)
            foreach (int channel in group.Axes[a])
            {
                if (!_axesOf.TryGetValue(channel, out List<int>? axes))
                    _axesOf[channel] = axes = [];
                axes.Add(a);
            }
    }

    /// <summary>Whether something stays along every axis when one more channel vanishes.</summary>
    public bool MayVanish(int channel) => !_axesOf.TryGetValue(channel, out List<int>? axes) || axes.TrueForAll(a => _left[a] > 1);

    /// <summary>A channel vanishes.</summary>
    public void Remove(int channel)
    {
        foreach (int axis in _axesOf.GetValueOrDefault(channel) ?? [])
            _left[axis]--;
    }

    /// <summary>Lets channels vanish in an order, except for those that have to stay.</summary>
    /// <returns>Those that vanish, in that order.</returns>
    public int[] Take(IEnumerable<int> order)
    {
        var taken = new List<int>();
        foreach (int channel in order)
        {
            if (!MayVanish(channel))
                continue;
            Remove(channel);
            taken.Add(channel);
        }
        return [.. taken];
    }
}
