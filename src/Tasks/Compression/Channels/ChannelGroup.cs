using System.Collections.Immutable;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// Channels of one or more layers that can only vanish together, one by one (a group of DepGraph, G. Fang et al. 2023, arXiv 2301.12900,
/// section 3.3): for example the outputs of all layers whose results a residual network adds up.
/// </summary>
/// <param name="Sources">The names of the layers that make the channels, in order of execution.</param>
/// <param name="Channels">The channels that may vanish, each by its number in the analysis.</param>
/// <param name="Sites">The constants in which the channels have places.</param>
/// <param name="Obstacle">Why the other channels, or all, may not vanish; empty where all may.</param>
/// <param name="Axes">
/// The channels of the group along each axis of a value or constant that has nothing but channels that may vanish, without repetitions: of
/// each one has to stay.
/// </param>
/// <param name="MergeObstacle">Why one of the channels cannot stand for several; empty where nodes allow it.</param>
internal sealed record ChannelGroup(
    ImmutableArray<string> Sources, ImmutableArray<int> Channels, ImmutableArray<ChannelSite> Sites, string Obstacle,
    ImmutableArray<ImmutableArray<int>> Axes, string MergeObstacle)
{
    /// <summary>The group for messages: its first layer and the number of others.</summary>
    public string Name => Sources.Length == 1 ? $"'{Sources[0]}'" : $"'{Sources[0]}' and {Sources.Length - 1} more";
}

/// <summary>An axis of a node's constant along which channels lie.</summary>
/// <param name="Node">The name of the node that reads the constant.</param>
/// <param name="Input">The place of the constant among the node's inputs.</param>
/// <param name="Axis">The axis.</param>
/// <param name="Role">What the constant does with the channels.</param>
/// <param name="Channels">For each place along the axis the number of its channel; −1 for places that belong to none of the group.</param>
internal sealed record ChannelSite(string Node, int Input, int Axis, ChannelRole Role, ImmutableArray<int> Channels)
{
    /// <summary>The places of each channel, ascending.</summary>
    public ILookup<int, int> Places => field ??= Channels.Select((channel, place) => (channel, place))
        .Where(p => p.channel >= 0).ToLookup(p => p.channel, p => p.place);
}

/// <summary>What a constant does with the channels that lie along one of its axes.</summary>
internal enum ChannelRole
{
    /// <summary>It scales or shifts them, as biases do.</summary>
    Follows,

    /// <summary>Weights that make the channel.</summary>
    Makes,

    /// <summary>Weights that read the channel and add the products up.</summary>
    Reads,

    /// <summary>Weights that make the channel from the same one before, as those of depthwise convolutions.</summary>
    Passes,
}
