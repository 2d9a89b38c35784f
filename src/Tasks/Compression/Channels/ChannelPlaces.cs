using OptimizerBuild.Graphs;
using OptimizerBuild.Operators;

namespace OptimizerBuild.Compression.Channels;

/// <summary>What ties places of a graph together, in the sense of an analysis.</summary>
internal interface IChannelRule
{
    /// <summary>What belongs to the places along one axis of one of a node's values, or why those have to stay as they are.</summary>
    /// <param name="context">The node.</param>
    /// <param name="port">The value and its axis.</param>
    ChannelLinks Links(OperatorContext context, ChannelPort port);

    /// <summary>Why places cannot be merged at a node, in words that follow its name; empty where they can.</summary>
    /// <param name="context">The node.</param>
    /// <param name="port">The value and its axis.</param>
    string MergeObstacle(OperatorContext context, ChannelPort port) => "";
}

/// <summary>
/// Places along the axes of a graph's values and constants, and which of them are one channel: from the places that an analysis begins
/// with, links are followed through the graph in both directions, and places that are linked become one (DepGraph, G. Fang et al. 2023,
/// arXiv 2301.12900, section 3.2, for single places instead of whole axes).
/// </summary>
/// <param name="graph">The graph.</param>
/// <param name="rule">What ties places together.</param>
internal sealed class ChannelPlaces(Graph graph, IChannelRule rule)
{
    private readonly GraphIndex _index = GraphIndex.Of(graph);
    private readonly Dictionary<string, OperatorContext> _contexts = Contexts(graph);
    private readonly Dictionary<(string Value, int Axis), int[]> _values = [];
    private readonly Dictionary<(string Node, int Input, int Axis), int[]> _constants = [];
    private readonly Queue<(string Value, int Axis)> _open = new();
    private readonly Queue<(Node Node, ChannelPort Port)> _openConstants = new();

    // A forest of channels that have become one; the root's reason says why it has to stay, and the other why it may not be merged.
    private readonly List<int> _parents = [];
    private readonly Dictionary<int, string> _reasons = [];
    private readonly Dictionary<int, string> _mergeReasons = [];

    /// <summary>The graph.</summary>
    public Graph Graph => graph;

    /// <summary>Channels along the axes of values that have any: −1 where a place belongs to none, else a number for
    /// <see cref="Root"/>.</summary>
    public IReadOnlyDictionary<(string Value, int Axis), int[]> Values => _values;

    /// <summary>The same of constants, for each node that reads one.</summary>
    public IReadOnlyDictionary<(string Node, int Input, int Axis), int[]> Constants => _constants;

    /// <summary>A node of the graph with what is known of its inputs.</summary>
    public OperatorContext ContextOf(string node) => _contexts[node];

    /// <summary>Makes the places along an axis channels, those that are none yet, and follows what belongs to them.</summary>
    /// <param name="node">A node.</param>
    /// <param name="port">One of its values and the axis.</param>
    /// <returns>The channels of the places.</returns>
    public int[] Seed(Node node, ChannelPort port)
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
        Follow();
        return places;
    }

    /// <summary>The channels along an axis of one of a node's values as they were numbered at first; null where it has none.</summary>
    public int[]? Find(Node node, ChannelPort port)
    {
        string value = port.IsOutput ? node.Outputs[port.Index] : node.Inputs[port.Index];
        return graph.IsConstant(value)
            ? _constants.GetValueOrDefault((node.Name, port.Index, port.Axis))
            : _values.GetValueOrDefault((value, port.Axis));
    }

    /// <summary>The channel that a channel has become one with; the same for all of them.</summary>
    public int Root(int channel)
    {
        while (_parents[channel] != channel)
            channel = _parents[channel] = _parents[_parents[channel]];
        return channel;
    }

    /// <summary>Why a channel has to stay as it is; null where it need not.</summary>
    /// <param name="root">A channel as <see cref="Root"/> gives it.</param>
    public string? ReasonOf(int root) => _reasons.GetValueOrDefault(root);

    /// <summary>Why a channel cannot be merged with others; null where it can.</summary>
    /// <param name="root">A channel as <see cref="Root"/> gives it.</param>
    public string? MergeReasonOf(int root) => _mergeReasons.GetValueOrDefault(root);

    /// <summary>Lets channels stay as they are.</summary>
    /// <param name="places">Their numbers; those below zero are none.</param>
    /// <param name="reason">Why.</param>
    public void Fix(int[] places, string reason)
    {
        foreach (int place in places)
            if (place >= 0)
                _reasons.TryAdd(Root(place), reason);
    }

    private static Dictionary<string, OperatorContext> Contexts(Graph graph)
    {
        var contexts = new Dictionary<string, OperatorContext>(StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
            contexts[node.Name] = OperatorContext.Of(graph, node);
        return contexts;
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
        ChannelLinks links = rule.Links(_contexts[node.Name], port);
        if (links.Obstacle.Length > 0)
            Fix(own, $"'{node.Name}' ({node.OpType}) {links.Obstacle}");
        if (links.Obstacle.Length == 0 && rule.MergeObstacle(_contexts[node.Name], port) is { Length: > 0 } obstacle)
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
        if (graph.IsConstant(value))
            _openConstants.Enqueue((node, port));
        else
            _open.Enqueue((value, port.Axis));
    }

    private int[] Places(Node node, ChannelPort port)
    {
        if (Find(node, port) is { } known)
            return known;
        var places = new int[port.Extent(_contexts[node.Name])];
        Array.Fill(places, -1);
        string value = port.IsOutput ? node.Outputs[port.Index] : node.Inputs[port.Index];
        if (graph.IsConstant(value))
            _constants[(node.Name, port.Index, port.Axis)] = places;
        else
            _values[(value, port.Axis)] = places;
        return places;
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
}
