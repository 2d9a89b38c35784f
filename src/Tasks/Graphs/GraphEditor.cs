using System.Collections.Immutable;

namespace OptimizerBuild.Graphs;

/// <summary>A mutable copy of a <see cref="Graph"/> on which a pass works, with producers and consumers at hand.</summary>
internal sealed class GraphEditor
{
    private readonly Graph _source;
    private readonly List<Node> _nodes;
    private readonly Dictionary<string, Tensor> _constants;
    private readonly Dictionary<string, TensorType> _types;
    private readonly UniqueNames _names = new();
    private Dictionary<string, Node>? _producers;
    private Dictionary<string, List<Node>>? _consumers;

    /// <summary>Starts from a graph, which stays as it is.</summary>
    public GraphEditor(Graph graph)
    {
        _source = graph;
        _nodes = [.. graph.Nodes];
        _constants = new(graph.Constants, StringComparer.Ordinal);
        _types = new(graph.Types, StringComparer.Ordinal);
        Inputs = [.. graph.Inputs];
        Outputs = [.. graph.Outputs];
        foreach (string name in _types.Keys.Concat(_constants.Keys).Concat(graph.Nodes.Select(n => n.Name)))
            _names.Reserve(name);
    }

    /// <summary>Names of the graph's inputs.</summary>
    public List<string> Inputs { get; }

    /// <summary>Names of the graph's outputs.</summary>
    public List<string> Outputs { get; }

    /// <summary>The nodes, in an order of execution. Take a copy before changing the graph while enumerating.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>Constants by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Constants => _constants;

    /// <summary>The type of any value.</summary>
    public TensorType TypeOf(string value) => _constants.TryGetValue(value, out Tensor? c) ? c.Type : _types[value];

    /// <summary>The constant of that name, or null.</summary>
    public Tensor? Constant(string value) => _constants.GetValueOrDefault(value);

    /// <summary>The node that produces a value; null for inputs and constants.</summary>
    public Node? Producer(string value)
    {
        if (_producers is null)
        {
            _producers = new(StringComparer.Ordinal);
            foreach (Node node in _nodes)
                foreach (string output in node.Outputs)
                    if (output.Length > 0)
                        _producers[output] = node;
        }
        return _producers.GetValueOrDefault(value);
    }

    /// <summary>The nodes that read a value, each once, in order of execution.</summary>
    public IReadOnlyList<Node> Consumers(string value)
    {
        if (_consumers is null)
        {
            _consumers = new(StringComparer.Ordinal);
            foreach (Node node in _nodes)
                foreach (string input in Reads(node).Distinct(StringComparer.Ordinal))
                {
                    if (!_consumers.TryGetValue(input, out List<Node>? list))
                        _consumers[input] = list = [];
                    list.Add(node);
                }
        }
        return _consumers.TryGetValue(value, out List<Node>? found) ? found : [];
    }

    /// <summary>Whether a value is an output of the graph.</summary>
    public bool IsOutput(string value) => Outputs.Contains(value);

    /// <summary>Whether exactly one node reads the value and it is no output of the graph, so that a fusion may absorb it.</summary>
    public bool HasSingleUse(string value) => !IsOutput(value) && Consumers(value).Count == 1;

    /// <summary>A name that no value and no node of the graph has yet.</summary>
    public string UniqueName(string stem) => _names.Next(stem);

    /// <summary>Adds a constant under a name derived from <paramref name="stem"/> and returns the name.</summary>
    public string AddConstant(string stem, Tensor value)
    {
        string name = UniqueName(stem);
        _constants[name] = value;
        return name;
    }

    /// <summary>Sets or replaces the constant of exactly that name; a producing node of that name must have been removed.</summary>
    public void SetConstant(string name, Tensor value)
    {
        _constants[name] = value;
        _types.Remove(name);
        _names.Reserve(name);
    }

    /// <summary>Declares the type of a value that a new node will produce, under a name derived from <paramref name="stem"/>.</summary>
    public string AddValue(string stem, TensorType type)
    {
        string name = UniqueName(stem);
        _types[name] = type;
        return name;
    }

    /// <summary>Changes the recorded type of a value.</summary>
    public void SetType(string value, TensorType type) => _types[value] = type;

    /// <summary>Puts new nodes in the place of one node.</summary>
    public void Replace(Node old, params ReadOnlySpan<Node> replacements)
    {
        int index = _nodes.IndexOf(old);
        _nodes.RemoveAt(index);
        _nodes.InsertRange(index, replacements.ToArray());
        Invalidate();
    }

    /// <summary>Inserts a node right before another.</summary>
    public void InsertBefore(Node anchor, Node node)
    {
        _nodes.Insert(_nodes.IndexOf(anchor), node);
        Invalidate();
    }

    /// <summary>Inserts a node right after another.</summary>
    public void InsertAfter(Node anchor, Node node)
    {
        _nodes.Insert(_nodes.IndexOf(anchor) + 1, node);
        Invalidate();
    }

    /// <summary>Removes the producer of a value that nothing reads any more, and then the producers that only it needed.</summary>
    public void Prune(string value)
    {
        var stack = new Stack<string>([value]);
        while (stack.TryPop(out string? name))
        {
            if (Producer(name) is not { } node || node.Outputs.Any(o => o.Length > 0 && (IsOutput(o) || Consumers(o).Count > 0)))
                continue;
            Remove(node);
            foreach (string input in Reads(node))
                stack.Push(input);
        }
    }

    /// <summary>Removes a node.</summary>
    public void Remove(Node node)
    {
        _nodes.Remove(node);
        Invalidate();
    }

    /// <summary>
    /// Lets every reader of <paramref name="value"/>, the graph's outputs among them, read <paramref name="replacement"/> instead.
    /// </summary>
    /// <remarks>
    /// An output of the graph keeps its name in the public interface: where <paramref name="value"/> is an output, use
    /// <see cref="TryBypass"/>, which handles that case.
    /// </remarks>
    public void ReplaceUses(string value, string replacement)
    {
        for (int i = 0; i < _nodes.Count; i++)
            if (Reads(_nodes[i]).Contains(value, StringComparer.Ordinal))
                _nodes[i] = Rename(_nodes[i], value, replacement);
        Invalidate();
    }

    /// <summary>
    /// Removes a node that hands its input <paramref name="input"/> on unchanged as its only output. A node between a graph input
    /// or constant and a graph output must stay, as both names are part of the model's interface.
    /// </summary>
    /// <returns>Whether the node could be removed.</returns>
    public bool TryBypass(Node node, string input)
    {
        string output = node.Outputs[0];
        if (!IsOutput(output))
        {
            Remove(node);
            ReplaceUses(output, input);
            return true;
        }
        if (Producer(input) is not { } producer || IsOutput(input))
            return false;
        Remove(node);
        int index = _nodes.IndexOf(producer);
        _nodes[index] = producer with { Outputs = [.. producer.Outputs.Select(o => o == input ? output : o)] };
        Invalidate();
        ReplaceUses(input, output);
        return true;
    }

    /// <summary>The edited graph: nodes in topological order; nodes, constants and types that nothing reads are dropped.</summary>
    /// <exception cref="InvalidOperationException">The nodes form a cycle.</exception>
    public Graph ToGraph()
    {
        var live = new HashSet<Node>(ReferenceEqualityComparer.Instance);
        var stack = new Stack<string>(Outputs);
        while (stack.TryPop(out string? value))
            if (Producer(value) is { } node && live.Add(node))
                foreach (string input in Reads(node))
                    stack.Push(input);

        var ordered = new List<Node>(live.Count);
        var done = new HashSet<string>(Inputs.Concat(_constants.Keys), StringComparer.Ordinal) { "" };
        var waiting = _nodes.Where(live.Contains).ToList();
        while (waiting.Count > 0)
        {
            var next = new List<Node>(waiting.Count);
            foreach (Node node in waiting)
            {
                if (Reads(node).All(i => done.Contains(i) || Producer(i) is null))
                {
                    ordered.Add(node);
                    done.UnionWith(node.Outputs);
                }
                else
                {
                    next.Add(node);
                }
            }
            if (next.Count == waiting.Count)
                throw new InvalidOperationException($"the nodes of graph '{_source.Name}' form a cycle at {next[0]}");
            waiting = next;
        }

        var read = new HashSet<string>(ordered.SelectMany(Reads).Concat(Outputs), StringComparer.Ordinal);
        var produced = new HashSet<string>(ordered.SelectMany(n => n.Outputs).Concat(Inputs), StringComparer.Ordinal);
        return _source with
        {
            Inputs = [.. Inputs],
            Outputs = [.. Outputs],
            Nodes = [.. ordered],
            Constants = _constants.Where(c => read.Contains(c.Key)).ToImmutableSortedDictionary(StringComparer.Ordinal),
            Types = _types.Where(t => produced.Contains(t.Key)).ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
    }

    private static IEnumerable<string> Reads(Node node) => node.Inputs.Where(i => i.Length > 0);

    private static Node Rename(Node node, string value, string replacement) =>
        node with { Inputs = [.. node.Inputs.Select(n => n == value ? replacement : n)] };

    private void Invalidate()
    {
        _producers = null;
        _consumers = null;
    }
}
