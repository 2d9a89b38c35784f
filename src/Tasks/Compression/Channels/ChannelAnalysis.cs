using System.Collections.Immutable;
using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Channels;

/// <summary>
/// Which channels of a graph depend on each other (DepGraph, G. Fang et al. 2023, arXiv 2301.12900, section 3). Operators say how places
/// along their axes belong together (<see cref="IPassesChannels"/>); starting from the layers that make channels, places are followed
/// through the graph in both directions, and places that must vanish together become one channel. In contrast to the paper, what is
/// followed are single places and not whole axes: the inputs of a concatenation may vanish independently of each other, a channel before a
/// flattening is a block of features behind it, and an attention head is the channels that its products tie together.
/// </summary>
internal sealed class ChannelAnalysis
{
    private readonly ChannelPlaces _places;

    private ChannelAnalysis(Graph graph)
    {
        _places = new(graph, new Rule());
        var sources = new List<(Node Node, int[] Places)>();
        foreach (Node node in graph.Nodes)
            if (node.As<IPassesChannels>()?.Source(ContextOf(node.Name)) is { } port && port.Extent(ContextOf(node.Name)) >= 2)
                sources.Add((node, _places.Seed(node, port)));
        Groups = Collect(sources);
    }

    /// <summary>The groups, in the order of their first layers; those without channels that may vanish have an obstacle.</summary>
    public ImmutableArray<ChannelGroup> Groups { get; }

    /// <summary>The graph.</summary>
    public Graph Graph => _places.Graph;

    /// <summary>Analyses a graph.</summary>
    public static ChannelAnalysis Of(Graph graph) => new(graph);

    /// <summary>A node of the graph with what is known of its inputs.</summary>
    public OperatorContext ContextOf(string node) => _places.ContextOf(node);

    /// <summary>The channels along an axis of one of a node's values: −1 where a place belongs to none; null where all do.</summary>
    public int[]? ChannelsOf(Node node, ChannelPort port) => _places.Find(node, port) is { } places
        ? Array.ConvertAll(places, p => p < 0 ? -1 : _places.Root(p)) : null;

    private ImmutableArray<ChannelGroup> Collect(List<(Node Node, int[] Places)> sources)
    {
        foreach (((string node, int input, int axis), int[] places) in _places.Constants)
            if (ContextOf(node).Type(input).Element != ElementType.Float32 && RoleOf(node, input, axis) != ChannelRole.Follows)
                _places.Fix(places, $"'{node}' ({ContextOf(node).Node.OpType}) has weights of other numbers than float32");
        // Layers that share a channel are one group.
        var groupOf = new Dictionary<int, List<int>>();
        var members = new List<List<int>>();
        for (int s = 0; s < sources.Count; s++)
        {
            int[] roots = [.. sources[s].Places.Select(_places.Root).Distinct()];
            List<int>[] touched = [.. roots.Select(r => groupOf.GetValueOrDefault(r)).OfType<List<int>>().Distinct()];
            List<int> group = touched.FirstOrDefault() ?? [];
            if (touched.Length == 0)
                members.Add(group);
            group.Add(s);
            foreach (List<int> other in touched.Skip(1))
            {
                group.AddRange(other);
                members.Remove(other);
                foreach (int root in groupOf.Where(g => g.Value == other).Select(g => g.Key).ToArray())
                    groupOf[root] = group;
            }
            foreach (int root in roots)
                groupOf[root] = group;
        }
        ILookup<List<int>, (string Node, int Input, int Axis, int[] Roots)> sites = _places.Constants
            .Select(c => (c.Key.Node, c.Key.Input, c.Key.Axis, Roots: Array.ConvertAll(c.Value, p => p < 0 ? -1 : _places.Root(p))))
            .SelectMany(site => site.Roots.Where(groupOf.ContainsKey).Select(r => groupOf[r]).Distinct()
                .Select(g => (Group: g, Site: site)))
            .ToLookup(p => p.Group, p => p.Site);
        // Places that no free channel has keep an axis from becoming empty.
        int[][] axes = [.. _places.Values.Values.Concat(_places.Constants.Values).Where(places => places.All(p => p >= 0))
            .Select(places => places.Select(_places.Root).Distinct().ToArray()).Where(roots => !roots.Any(IsFixed))];
        var order = Graph.Nodes.Select((n, i) => (n.Name, i)).ToDictionary(n => n.Name, n => n.i, StringComparer.Ordinal);
        var groups = ImmutableArray.CreateBuilder<ChannelGroup>();
        foreach (List<int> group in members.OrderBy(m => m.Min()))
        {
            group.Sort();
            int[] channels = [.. group.SelectMany(s => sources[s].Places).Select(_places.Root).Distinct()];
            ImmutableArray<int> free = [.. channels.Where(c => !IsFixed(c))];
            var freeSet = free.ToHashSet();
            groups.Add(new(
                [.. group.Select(s => sources[s].Node.Name)],
                free,
                [
                    .. sites[group].Where(s => s.Roots.Any(freeSet.Contains))
                        .OrderBy(s => order[s.Node]).ThenBy(s => s.Input).ThenBy(s => s.Axis)
                        .Select(s => new ChannelSite(s.Node, s.Input, s.Axis, RoleOf(s.Node, s.Input, s.Axis),
                            [.. s.Roots.Select(r => freeSet.Contains(r) ? r : -1)])),
                ],
                channels.Select(_places.ReasonOf).FirstOrDefault(r => r is not null) ?? "",
                [
                    .. axes.Select(a => a.Where(freeSet.Contains).Order().ToImmutableArray()).Where(a => a.Length > 0)
                        .DistinctBy(a => string.Join(',', a)),
                ],
                free.Select(_places.MergeReasonOf).FirstOrDefault(r => r is not null) ?? ""));
        }
        return groups.ToImmutable();
    }

    // The axis in question leads to the result, to what is read, or to both. What leads to another input alone is added up, whether the
    // node is a layer with channels of its own or not.
    private ChannelRole RoleOf(string name, int input, int axis)
    {
        OperatorContext context = ContextOf(name);
        if (context.Node.As<IPassesChannels>() is not { } passes)
            return ChannelRole.Follows;
        if (input != 1 || context.Type(1).Rank < 2 || passes.Source(context) is not { } source)
        {
            // The other constants of a layer with a state lead to the state.
            if (passes.Source(context) is { IsOutput: false })
                return ChannelRole.Follows;
            ImmutableArray<ChannelLink> links = passes.Links(context, ChannelPort.Input(input, axis)).Links;
            return !links.IsEmpty && links.All(l => !l.Port.IsOutput && l.Port.Index != input) ? ChannelRole.Reads : ChannelRole.Follows;
        }
        // Weights of a state read it along the axis of its units, and make it along the other.
        if (!source.IsOutput)
            return axis == source.Axis ? ChannelRole.Reads : ChannelRole.Makes;
        ChannelPort[] linked = [.. passes.Links(context, ChannelPort.Input(1, axis)).Links.Select(l => l.Port)];
        bool makes = linked.Contains(source);
        bool reads = linked.Any(p => p is { IsOutput: false, Index: 0 });
        return (makes, reads) switch
        {
            (true, true) => ChannelRole.Passes,
            (true, false) => ChannelRole.Makes,
            (false, true) => ChannelRole.Reads,
            _ => ChannelRole.Follows,
        };
    }

    private bool IsFixed(int root) => _places.ReasonOf(root) is not null;

    // What operators say of channels that vanish; one that says nothing lets none vanish.
    private sealed class Rule : IChannelRule
    {
        public ChannelLinks Links(OperatorContext context, ChannelPort port) =>
            context.Node.As<IPassesChannels>()?.Links(context, port) ?? ChannelLinks.Fixed("does not say how channels go through it");

        public string MergeObstacle(OperatorContext context, ChannelPort port) =>
            context.Node.As<IPassesChannels>()!.MergeObstacle(context, port);
    }
}
