using System.Runtime.CompilerServices;

namespace OptimizerBuild.Graphs;

/// <summary>Who makes and who reads each value of a graph; worked out once for each graph that is asked about, usable from several
/// threads.</summary>
internal sealed class GraphIndex
{
    private static readonly ConditionalWeakTable<Graph, GraphIndex> Known = [];

    private readonly Dictionary<string, Node> _producers = new(StringComparer.Ordinal);
    private readonly Dictionary<string, List<Node>> _readers = new(StringComparer.Ordinal);
    private readonly HashSet<string> _outputs;

    private GraphIndex(Graph graph)
    {
        _outputs = new(graph.Outputs, StringComparer.Ordinal);
        foreach (Node node in graph.Nodes)
        {
            foreach (string output in node.Outputs)
                if (output.Length > 0)
                    _producers.TryAdd(output, node);
            foreach (string input in node.Inputs.Distinct(StringComparer.Ordinal))
            {
                if (!_readers.TryGetValue(input, out List<Node>? list))
                    _readers[input] = list = [];
                list.Add(node);
            }
        }
    }

    /// <summary>The index of a graph.</summary>
    public static GraphIndex Of(Graph graph) => Known.GetValue(graph, g => new GraphIndex(g));

    /// <summary>The node that makes a value; null for inputs and constants.</summary>
    public Node? Producer(string value) => _producers.GetValueOrDefault(value);

    /// <summary>The nodes that read a value, each once, in order of execution.</summary>
    public IReadOnlyList<Node> Readers(string value) => _readers.GetValueOrDefault(value) ?? (IReadOnlyList<Node>)[];

    /// <summary>Whether a value is an output of the graph.</summary>
    public bool IsOutput(string value) => _outputs.Contains(value);
}
