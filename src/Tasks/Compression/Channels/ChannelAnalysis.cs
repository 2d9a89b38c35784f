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
    private readonly Graph _graph;
    private readonly GraphIndex _index;
    private readonly Dictionary<string, OperatorContext> _contexts = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Value, int Axis), int[]> _values = [];
    private readonly Dictionary<(string Node, int Input, int Axis), int[]> _constants = [];
    private readonly Queue<(string Value, int Axis)> _open = new();
    private readonly Queue<(Node Node, ChannelPort Port)> _openConstants = new();

    // A forest of channels that have become one; the root's reason says why it may not vanish, and the other why it may not be merged.
    private readonly List<int> _parents = [];
    private readonly Dictionary<int, string> _reasons = [];
    private readonly Dictionary<int, string> _mergeReasons = [];

    private ChannelAnalysis(Graph graph)
    {
        _graph = graph;
        _index = GraphIndex.Of(graph);
        foreach (Node node in graph.Nodes)
            _contexts[node.Name] = OperatorContext.Of(graph, node);
        var sources = new List<(Node Node, int[] Places)>();
        foreach (Node node in graph.Nodes)
        {
            if (node.As<IPassesChannels>()?.Source(_contexts[node.Name]) is not { } port || port.Extent(_contexts[node.Name]) < 2)
                continue;
            sources.Add((node, Seed(node, port)));
            Follow();
        }
        Groups = Collect(sources);
    }

    /// <summary>The groups, in the order of their first layers; those without channels that may vanish have an obstacle.</summary>
    public ImmutableArray<ChannelGroup> Groups { get; }

    /// <summary>The graph.</summary>
    public Graph Graph => _graph;

    /// <summary>Analyses a graph.</summary>
    public static ChannelAnalysis Of(Graph graph) => new(graph);

    /// <summary>A node of the graph with what is known of its inputs.</summary>
    public OperatorContext ContextOf(string node) => _contexts[node];

    /// <summary>The channels along an axis of one of a node's values: −1 where a place belongs to none; null where all do.</summary>
    public int[]? ChannelsOf(Node node, ChannelPort port) => Find(node, port) is { } places
        ? Array.ConvertAll(places, p => p < 0 ? -1 : Root(p)) : null;

    private int[] Seed(Node node, ChannelPort port)
    {
        int[] places = Places(node, port);
        bool fresh = false;
        for (int i = 0; i < places.Length; i++)
        {
            if (places[i] >= 0)
                continue;
            places[i] = _parents.Count;
            _parents.Add(places[i]);
            fresh = true;
        }
        if (fresh)
            Enqueue(node, port);
        return places;
    }

    private void Follow()
    {
        while (true)
        {
            if (_openConstants.TryDequeue(out (Node Node, ChannelPort Port) constant))
            {
                Visit(constant.Node, constant.Port);
            }
            else if (_open.TryDequeue(out (string Value, int Axis) open))
            {
                if (_index.IsOutput(open.Value))
                    Fix(_values[open], "is an output of the model");
                if (_index.Producer(open.Value) is { } producer)
                    Visit(producer, ChannelPort.Output(producer.Outputs.IndexOf(open.Value), open.Axis));
                else
                    Fix(_values[open], "is an input of the model");
                foreach (Node reader in _index.Readers(open.Value))
                    for (int i = 0; i < reader.Inputs.Length; i++)
                        if (reader.Inputs[i] == open.Value)
                            Visit(reader, ChannelPort.Input(i, open.Axis));
            }
            else
            {
                return;
            }
        }
    }

    private void Visit(Node node, ChannelPort port)
    {
        int[] own = Places(node, port);
        ChannelLinks links = node.As<IPassesChannels>() is { } passes
            ? passes.Links(_contexts[node.Name], port)
            : ChannelLinks.Fixed("does not say how channels go through it");
        if (links.Obstacle.Length > 0)
            Fix(own, $"'{node.Name}' ({node.OpType}) {links.Obstacle}");
        if (links.Obstacle.Length == 0 && node.As<IPassesChannels>()!.MergeObstacle(_contexts[node.Name], port) is { Length: > 0 } obstacle)
            foreach (int place in own.Where(p => p >= 0))
                _mergeReasons.TryAdd(Root(place), $"'{node.Name}' ({node.OpType}) {obstacle}");
        IEnumerable<ChannelLink> holding = !links.IsChoice ? links.Links
            : [links.Links.FirstOrDefault(l => Find(node, l.Port) is { } followed && followed.Any(p => p >= 0)) ?? links.Links[0]];
        foreach (ChannelLink link in holding)
        {
            if (link.Port.IsOutput && node.Outputs[link.Port.Index].Length == 0)
                continue;
            int[] other = Places(node, link.Port);
            bool changed = false;
            foreach ((int from, int to) in link.Pairs)
            {
                if (own[from] < 0)
                    continue;
                if (other[to] < 0)
                {
                    other[to] = own[from];
                    changed = true;
                }
                else
                {
                    Unite(own[from], other[to]);
                }
            }
            if (changed)
                Enqueue(node, link.Port);
        }
    }

    private void Enqueue(Node node, ChannelPort port)
    {
        string value = port.IsOutput ? node.Outputs[port.Index] : node.Inputs[port.Index];
        if (_graph.IsConstant(value))
            _openConstants.Enqueue((node, port));
        else
            _open.Enqueue((value, port.Axis));
    }

    private int[]? Find(Node node, ChannelPort port)
    {
        string value = port.IsOutput ? node.Outputs[port.Index] : node.Inputs[port.Index];
        return _graph.IsConstant(value)
            ? _constants.GetValueOrDefault((node.Name, port.Index, port.Axis))
            : _values.GetValueOrDefault((value, port.Axis));
    }

    private int[] Places(Node node, ChannelPort port)
    {
        if (Find(node, port) is { } known)
            return known;
        var places = new int[port.Extent(_contexts[node.Name])];
        Array.Fill(places, -1);
        string value = port.IsOutput ? node.Outputs[port.Index] : node.Inputs[port.Index];
        if (_graph.IsConstant(value))
            _constants[(node.Name, port.Index, port.Axis)] = places;
        else
            _values[(value, port.Axis)] = places;
        return places;
    }

    private int Root(int channel)
    {
        while (_parents[channel] != channel)
            channel = _parents[channel] = _parents[_parents[channel]];
        return channel;
    }

    private void Unite(int a, int b)
    {
        (a, b) = (Root(a), Root(b));
        if (a == b)
            return;
        // The lower number stays, so that channels keep the order of their first layer.
        (a, b) = (Math.Min(a, b), Math.Max(a, b));
        _parents[b] = a;
        if (_reasons.TryGetValue(b, out string? reason))
            _reasons.TryAdd(a, reason);
        if (_mergeReasons.TryGetValue(b, out string? merge))
            _mergeReasons.TryAdd(a, merge);
    }

    private void Fix(int[] places, string reason)
    {
        foreach (int place in places)
            if (place >= 0)
                _reasons.TryAdd(Root(place), reason);
    }

    private ImmutableArray<ChannelGroup> Collect(List<(Node Node, int[] Places)> sources)
    {
        foreach (((string node, int input, int axis), int[] places) in _constants)
            if (_contexts[node].Type(input).Element != ElementType.Float32 && RoleOf(node, input, axis) != ChannelRole.Follows)
                Fix(places, $"'{node}' ({_contexts[node].Node.OpType}) has weights of other numbers than float32");
        // Layers that share a channel are one group.
        var groupOf = new Dictionary<int, List<int>>();
        var members = new List<List<int>>();
        for (int s = 0; s < sources.Count; s++)
        {
            int[] roots = [.. sources[s].Places.Select(Root).Distinct()];
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
        ILookup<List<int>, (string Node, int Input, int Axis, int[] Roots)> sites = _constants
            .Select(c => (c.Key.Node, c.Key.Input, c.Key.Axis, Roots: Array.ConvertAll(c.Value, p => p < 0 ? -1 : Root(p))))
            .SelectMany(site => site.Roots.Where(groupOf.ContainsKey).Select(r => groupOf[r]).Distinct()
                .Select(g => (Group: g, Site: site)))
            .ToLookup(p => p.Group, p => p.Site);
        // Places that no free channel has keep an axis from becoming empty.
        int[][] axes = [.. _values.Values.Concat(_constants.Values).Where(places => places.All(p => p >= 0))
            .Select(places => places.Select(Root).Distinct().ToArray()).Where(roots => !roots.Any(_reasons.ContainsKey))];
        var order = _graph.Nodes.Select((n, i) => (n.Name, i)).ToDictionary(n => n.Name, n => n.i, StringComparer.Ordinal);
        var groups = ImmutableArray.CreateBuilder<ChannelGroup>();
        foreach (List<int> group in members.OrderBy(m => m.Min()))
        {
            group.Sort();
            int[] channels = [.. group.SelectMany(s => sources[s].Places).Select(Root).Distinct()];
            ImmutableArray<int> free = [.. channels.Where(c => !_reasons.ContainsKey(c))];
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
                channels.Where(_reasons.ContainsKey).Select(c => _reasons[c]).FirstOrDefault() ?? "",
                [
                    .. axes.Select(a => a.Where(freeSet.Contains).Order().ToImmutableArray()).Where(a => a.Length > 0)
                        .DistinctBy(a => string.Join(',', a)),
                ],
                free.Where(_mergeReasons.ContainsKey).Select(c => _mergeReasons[c]).FirstOrDefault() ?? ""));
        }
        return groups.ToImmutable();
    }

    // The axis in question leads to the result, to what is read, or to both. What leads to another input alone is added up, whether the
    // node is a layer with channels of its own or not.
    private ChannelRole RoleOf(string name, int input, int axis)
    {
        OperatorContext context = _contexts[name];
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
}
