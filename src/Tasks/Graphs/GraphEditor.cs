using System.Collections.Immutable;

namespace OptimizerBuild.Graphs;

/// <summary>
/// A mutable copy of a <see cref="Graph"/> on which a pass works, with producers and consumers at hand. They are kept up to date change by
/// change, so that the cost of a rewrite is that of the nodes it touches, however large the graph.
/// </summary>
internal sealed class GraphEditor
{
    // Between neighbours' positions, so that nodes can be put between them; all are numbered anew where there is no room left.
    private const long Gap = 1L << 32;

    private readonly Graph _source;
    private readonly LinkedList<Entry> _entries = new();
    private readonly Dictionary<Node, Entry> _byNode = [];
    private readonly Dictionary<string, Entry> _byName = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Entry>> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<Entry>> _consumers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Tensor> _constants;
    private readonly Dictionary<string, TensorType> _types;
    private readonly HashSet<string> _outputs;
    private readonly UniqueNames _names = new();
    private ImmutableArray<Node>? _nodes;

    /// <summary>Starts from a graph, which stays as it is.</summary>
    public GraphEditor(Graph graph)
    {
        _source = graph;
        _constants = new(graph.Constants, StringComparer.Ordinal);
        _types = new(graph.Types, StringComparer.Ordinal);
        _outputs = new(graph.Outputs, StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
        {
            var entry = new Entry(node, _entries.Count * Gap);
            entry.Link = _entries.AddLast(entry);
            Attach(entry);
        }
        foreach (string name in _types.Keys.Concat(_constants.Keys).Concat(graph.Nodes.Select(n => n.Name)))
            _names.Reserve(name);
    }

    /// <summary>Names of the graph's inputs.</summary>
    public ImmutableArray<string> Inputs => _source.Inputs;

    /// <summary>Names of the graph's outputs.</summary>
    public ImmutableArray<string> Outputs => _source.Outputs;

    /// <summary>The nodes, in an order of execution, as they are now: later changes do not show in what was returned. Made anew after a
    /// change, so to be asked for once and not for each node.</summary>
    public ImmutableArray<Node> Nodes => _nodes ??= [.. _entries.Select(e => e.Node)];

    /// <summary>Constants by name.</summary>
    public IReadOnlyDictionary<string, Tensor> Constants => _constants;

    /// <summary>The type of any value.</summary>
    public TensorType TypeOf(string value) => _constants.TryGetValue(value, out Tensor? c) ? c.Type : _types[value];

    /// <summary>The constant of that name, or null.</summary>
    public Tensor? Constant(string value) => _constants.GetValueOrDefault(value);

    /// <summary>The node of a name; null where there is none (any more).</summary>
    public Node? Find(string name) => _byName.GetValueOrDefault(name)?.Node;

    /// <summary>A number that grows in order of execution; it holds until the next change.</summary>
    /// <param name="node">A node of the graph.</param>
    public long Position(Node node) => _byNode[node].Position;

    /// <summary>The node that produces a value; null for inputs and constants.</summary>
    public Node? Producer(string value) => ProducerEntry(value)?.Node;

    /// <summary>The nodes that read a value, each once, in order of execution.</summary>
    public IReadOnlyList<Node> Consumers(string value) => !_consumers.TryGetValue(value, out HashSet<Entry>? found) ? []
        : found.Count == 1 ? [found.First().Node]
        : [.. found.OrderBy(e => e.Position).Select(e => e.Node)];

    /// <summary>How many nodes read a value.</summary>
    public int ConsumerCount(string value) => _consumers.TryGetValue(value, out HashSet<Entry>? found) ? found.Count : 0;

    /// <summary>Whether a value is an output of the graph.</summary>
    public bool IsOutput(string value) => _outputs.Contains(value);

    /// <summary>Whether exactly one node reads the value and it is no output of the graph, so that a fusion may absorb it.</summary>
    public bool HasSingleUse(string value) => !IsOutput(value) && ConsumerCount(value) == 1;

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
        Entry entry = _byNode[old];
        LinkedListNode<Entry>? before = entry.Link.Previous;
        Remove(entry);
        foreach (Node node in replacements)
            before = InsertAfter(before, node);
    }

    /// <summary>Inserts a node right before another.</summary>
    public void InsertBefore(Node anchor, Node node) => InsertAfter(_byNode[anchor].Link.Previous, node);

    /// <summary>Inserts a node right after another.</summary>
    public void InsertAfter(Node anchor, Node node) => InsertAfter(_byNode[anchor].Link, node);

    /// <summary>Removes the producer of a value that nothing reads any more, and then the producers that only it needed.</summary>
    public void Prune(string value)
    {
        var stack = new Stack<string>([value]);
        while (stack.TryPop(out string? name))
        {
            if (ProducerEntry(name) is not { } entry
                || entry.Node.Outputs.Any(o => o.Length > 0 && (IsOutput(o) || ConsumerCount(o) > 0)))
                continue;
            Remove(entry);
            foreach (string input in Reads(entry.Node))
                stack.Push(input);
        }
    }

    /// <summary>Removes a node, if it is there.</summary>
    public void Remove(Node node)
    {
        if (_byNode.TryGetValue(node, out Entry? entry))
            Remove(entry);
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
        if (value == replacement || !_consumers.TryGetValue(value, out HashSet<Entry>? found))
            return;
        foreach (Entry entry in found.ToArray())
            Change(entry, Rename(entry.Node, value, replacement));
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
        if (ProducerEntry(input) is not { } producer || IsOutput(input))
            return false;
        Remove(node);
        Change(producer, producer.Node with { Outputs = [.. producer.Node.Outputs.Select(o => o == input ? output : o)] });
        ReplaceUses(input, output);
        return true;
    }

    /// <summary>The edited graph: nodes in topological order; nodes, constants and types that nothing reads are dropped.</summary>
    /// <exception cref="InvalidOperationException">The nodes form a cycle.</exception>
    public Graph ToGraph()
    {
        var live = new HashSet<Entry>();
        var stack = new Stack<string>(Outputs);
        while (stack.TryPop(out string? value))
            if (ProducerEntry(value) is { } entry && live.Add(entry))
                foreach (string input in Reads(entry.Node))
                    stack.Push(input);

        List<Node> ordered = Ordered(live);
        var read = new HashSet<string>(ordered.SelectMany(Reads).Concat(Outputs), StringComparer.Ordinal);
        var produced = new HashSet<string>(ordered.SelectMany(n => n.Outputs).Concat(Inputs), StringComparer.Ordinal);
        return _source with
        {
            Nodes = [.. ordered],
            Constants = _constants.Where(c => read.Contains(c.Key)).ToImmutableSortedDictionary(StringComparer.Ordinal),
            Types = _types.Where(t => produced.Contains(t.Key)).ToImmutableSortedDictionary(StringComparer.Ordinal),
        };
    }

    // The order of walks over the nodes that each take those whose inputs are known by then (A. B. Kahn, 1962, finds each node's walk):
    // nodes that stand in an order of execution stay as they are.
    private List<Node> Ordered(HashSet<Entry> live)
    {
        var given = new HashSet<string>(Inputs.Concat(_constants.Keys), StringComparer.Ordinal);
        var waiting = new Dictionary<Entry, int>(live.Count);
        var readers = new Dictionary<Entry, List<Entry>>(live.Count);
        var ready = new Queue<Entry>();
        foreach (Entry entry in _entries.Where(live.Contains))
        {
            Entry[] before = [.. Reads(entry.Node).Where(i => !given.Contains(i)).Select(ProducerEntry).OfType<Entry>().Distinct()];
            waiting[entry] = before.Length;
            foreach (Entry producer in before)
            {
                if (!readers.TryGetValue(producer, out List<Entry>? list))
                    readers[producer] = list = [];
                list.Add(entry);
            }
            if (before.Length == 0)
                ready.Enqueue(entry);
        }
        var walks = new Dictionary<Entry, int>(live.Count);
        var reached = new List<Entry>(live.Count);
        while (ready.TryDequeue(out Entry? entry))
        {
            reached.Add(entry);
            int walk = walks.GetValueOrDefault(entry);
            foreach (Entry reader in readers.GetValueOrDefault(entry) ?? [])
            {
                walks[reader] = Math.Max(walks.GetValueOrDefault(reader), entry.Position < reader.Position ? walk : walk + 1);
                if (--waiting[reader] == 0)
                    ready.Enqueue(reader);
            }
        }
        return reached.Count == live.Count
            ? [.. reached.OrderBy(e => walks.GetValueOrDefault(e)).ThenBy(e => e.Position).Select(e => e.Node)]
            : throw new InvalidOperationException(
                $"the nodes of graph '{_source.Name}' form a cycle at {_entries.First(e => waiting.GetValueOrDefault(e) > 0).Node}");
    }

    private static IEnumerable<string> Reads(Node node) => node.Inputs.Where(i => i.Length > 0);

    private static Node Rename(Node node, string value, string replacement) =>
        node with { Inputs = [.. node.Inputs.Select(n => n == value ? replacement : n)] };

    // Of several producers, which there are only in the middle of a rewrite, the last one.
    private Entry? ProducerEntry(string value) => _producers.TryGetValue(value, out List<Entry>? list)
        ? list.Count == 1 ? list[0] : list.MaxBy(e => e.Position)
        : null;

    private LinkedListNode<Entry> InsertAfter(LinkedListNode<Entry>? before, Node node)
    {
        LinkedListNode<Entry>? behind = before is null ? _entries.First : before.Next;
        long low = before?.Value.Position ?? (behind?.Value.Position ?? 0) - (2 * Gap);
        long high = behind?.Value.Position ?? low + (2 * Gap);
        var entry = new Entry(node, low + ((high - low) / 2));
        entry.Link = before is null ? _entries.AddFirst(entry) : _entries.AddAfter(before, entry);
        if (high - low < 2)
        {
            long position = 0;
            foreach (Entry other in _entries)
                other.Position = Gap * position++;
        }
        Attach(entry);
        return entry.Link;
    }

    private void Remove(Entry entry)
    {
        Detach(entry);
        _entries.Remove(entry.Link);
    }

    private void Change(Entry entry, Node node)
    {
        Detach(entry);
        entry.Node = node;
        Attach(entry);
    }

    private void Attach(Entry entry)
    {
        _nodes = null;
        _byNode[entry.Node] = entry;
        _byName[entry.Node.Name] = entry;
        foreach (string output in entry.Node.Outputs)
            if (output.Length > 0)
                Of(_producers, output).Add(entry);
        foreach (string input in Reads(entry.Node))
            Of(_consumers, input).Add(entry);
    }

    private void Detach(Entry entry)
    {
        _nodes = null;
        if (_byNode.GetValueOrDefault(entry.Node) == entry)
            _byNode.Remove(entry.Node);
        if (_byName.GetValueOrDefault(entry.Node.Name) == entry)
            _byName.Remove(entry.Node.Name);
        foreach (string output in entry.Node.Outputs)
            Drop(_producers, output, entry);
        foreach (string input in Reads(entry.Node))
            Drop(_consumers, input, entry);
    }

    private static T Of<T>(Dictionary<string, T> all, string value)
        where T : new()
    {
        if (!all.TryGetValue(value, out T? found))
            all[value] = found = new();
        return found;
    }

    private static void Drop<T>(Dictionary<string, T> all, string value, Entry entry)
        where T : ICollection<Entry>
    {
        if (all.TryGetValue(value, out T? found) && found.Remove(entry) && found.Count == 0)
            all.Remove(value);
    }

    /// <summary>A node with its place in the order.</summary>
    private sealed class Entry(Node node, long position)
    {
        /// <summary>The node as it is now.</summary>
        public Node Node { get; set; } = node;

        /// <summary>Grows in order of execution.</summary>
        public long Position { get; set; } = position;

        /// <summary>Its place in the list of all.</summary>
        public LinkedListNode<Entry> Link { get; set; } = null!;
    }
}
